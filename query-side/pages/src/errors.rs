//! The faults in a form, each beside its field and all in a summary.

use std::borrow::Cow;

use axum::http::StatusCode;

/// A fault in a field. The summary links to the element whose id is the field's name.
#[derive(Debug)]
pub struct FieldFault {
    pub field: Cow<'static, str>,
    pub text: String,
}

#[cfg(test)]
impl FieldFault {
    /// The name of a field whose name is part of the program.
    pub fn name(&self) -> &'static str {
        match self.field {
            Cow::Borrowed(name) => name,
            Cow::Owned(_) => panic!("{} is made from data", self.field),
        }
    }
}

/// The faults in a form.
#[derive(Debug, Default)]
pub struct FieldFaults(Vec<FieldFault>);

impl FieldFaults {
    pub fn none() -> FieldFaults {
        FieldFaults::default()
    }

    pub fn one(field: impl Into<Cow<'static, str>>, text: impl Into<String>) -> FieldFaults {
        let mut faults = FieldFaults::none();
        faults.add(field, text);
        faults
    }

    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, text: impl Into<String>) {
        self.0.push(FieldFault { field: field.into(), text: text.into() });
    }

    /// The value of a field that reads; otherwise `None`, and a fault.
    pub fn read<T>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        value: Result<T, impl std::fmt::Display>,
    ) -> Option<T> {
        value.map_err(|fault| self.add(field, fault.to_string())).ok()
    }

    /// The status of the form's page.
    pub fn status(&self) -> StatusCode {
        if self.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// The title of the form's page, which has this heading.
    pub fn titled(&self, heading: &str) -> String {
        if self.is_empty() { heading.to_owned() } else { format!("Error: {heading}") }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn list(&self) -> &[FieldFault] {
        &self.0
    }

    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|fault| fault.field == field).map(|fault| fault.text.as_str())
    }
}
