//! The rules: which callers may lend a copy, and when.

use event_core::{
    AccessRule, Class, Command, CommandVisitor, Context, Decision, Rejected, Rejection, State, States, Stream, Streams,
    SubjectId, access::WithRole, nothing_new, record,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::events::{CopyId, CopyLent, CopyReturned, LoanEvent};

/// A copy in the state that the events of its stream describe.
#[derive(Debug, Clone, Default)]
pub struct Copy {
    lent_to: Option<SubjectId>,
}

impl State for Copy {
    type Event = LoanEvent;

    fn evolve(&mut self, event: &LoanEvent) {
        match event {
            LoanEvent::Lent(lent) => self.lent_to = Some(lent.reader),
            LoanEvent::Returned(_) => self.lent_to = None,
        }
    }
}

pub const ALREADY_LENT: Rejection = Rejection {
    code: "already-lent",
    class: Class::Conflict,
    title: "Another reader has this copy.",
    advice: "Lend another copy.",
};

/// Lend a copy to a reader.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LendCopy {
    /// The label on the copy, such as `moby-dick-1`.
    pub copy: CopyId,
    pub reader: SubjectId,
}

impl Command for LendCopy {
    const NAME: &'static str = "lend-copy";
    const WHO: &'static dyn AccessRule = &WithRole("librarian");
    const REJECTIONS: &'static [&'static Rejection] = &[&ALREADY_LENT];
    type Reads = Copy;

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.copy)
    }

    fn decide(&self, copy: States<'_, Self>, _: &Context) -> Result<Decision, Rejected> {
        match copy.lent_to {
            Some(reader) if reader == self.reader => Ok(nothing_new()),
            Some(_) => Err((&ALREADY_LENT).into()),
            None => Ok(record(CopyLent { copy: self.copy.clone(), reader: self.reader })),
        }
    }
}

/// Take a copy back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnCopy {
    /// The label on the copy.
    pub copy: CopyId,
}

impl Command for ReturnCopy {
    const NAME: &'static str = "return-copy";
    const WHO: &'static dyn AccessRule = &WithRole("librarian");
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Reads = Copy;

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.copy)
    }

    fn decide(&self, copy: States<'_, Self>, _: &Context) -> Result<Decision, Rejected> {
        let returned = || record(CopyReturned { copy: self.copy.clone() });
        Ok(copy.lent_to.map_or_else(nothing_new, |_| returned()))
    }
}

pub fn commands(visitor: &mut impl CommandVisitor) {
    visitor.visit::<LendCopy>();
    visitor.visit::<ReturnCopy>();
}
