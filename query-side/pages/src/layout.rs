//! The frame of every page: header, menu, notices, footer.

use event_core::{Caller, Timestamp};
use page_engine::Visitor;
use vocabulary::access::{CallerRole, Permission, anonymous_of};

use crate::assets;

/// An entry of the menu: its address and its text.
type MenuLink = (&'static str, &'static str);

/// The content of the frame.
pub struct Layout {
    pub title: String,
    pub name: Option<Box<str>>,
    pub form_token: Box<str>,
    pub ends_at: Option<Timestamp>,
    pub links: &'static [MenuLink],
    /// True for a visitor without an account.
    pub is_anonymous: bool,
    pub is_stale: bool,
    /// False for error pages, whose policy allows no script.
    pub has_script: bool,
    /// The address of the page's event stream.
    pub live: Option<String>,
    /// The address of the page before this one.
    pub back: Option<String>,
    path: String,
    visitor: Option<Visitor>,
}

impl Layout {
    /// The frame of a page for a visitor who is signed in.
    pub fn of(visitor: &Visitor, title: impl Into<String>) -> Layout {
        let signed_in = &visitor.signed_in;
        Layout {
            name: Some(signed_in.name.clone()),
            form_token: signed_in.form_token.clone(),
            ends_at: Some(signed_in.ends_at),
            links: menu(&signed_in.caller),
            is_anonymous: anonymous_of(&signed_in.caller).is_some(),
            path: visitor.address.split('?').next().unwrap_or_default().to_owned(),
            visitor: Some(visitor.clone()),
            ..Layout::open(title)
        }
    }

    /// The frame of a page for everybody.
    pub fn open(title: impl Into<String>) -> Layout {
        Layout {
            title: title.into(),
            name: None,
            form_token: "".into(),
            ends_at: None,
            links: &[],
            is_anonymous: false,
            is_stale: false,
            has_script: true,
            live: None,
            back: None,
            path: String::new(),
            visitor: None,
        }
    }

    /// Adds a link to the page before this one.
    #[must_use]
    pub fn back(self, address: impl Into<String>) -> Layout {
        Layout { back: Some(address.into()), ..self }
    }

    /// Adds a notice if the page may lack the visitor's last change.
    #[must_use]
    pub fn stale(self, is_stale: bool) -> Layout {
        Layout { is_stale: self.is_stale || is_stale, ..self }
    }

    /// Lets the page follow the event stream at this address. Its parts with `data-part` are replaced when they change.
    #[must_use]
    pub fn live(self, address: impl Into<String>) -> Layout {
        Layout { live: Some(address.into()), ..self }
    }

    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// A new idempotency key for a form of this page.
    pub fn new_key(&self) -> String {
        self.visitor.as_ref().map(Visitor::new_key).unwrap_or_default()
    }

    /// True for the entry of the menu that the page belongs to.
    pub fn is_at(&self, link: &str) -> bool {
        let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        self.path == link || (link != "/" && self.path.strip_prefix(link).is_some_and(below))
    }
}

fn menu(caller: &Caller) -> &'static [MenuLink] {
    match CallerRole::of(caller) {
        Some(CallerRole::Patient) => &[
            ("/", "Home"),
            ("/book", "Book"),
            ("/appointments", "Your appointments"),
            ("/messages", "Messages"),
            ("/prescriptions", "Repeat prescriptions"),
            ("/check-symptoms", "Check symptoms"),
            ("/vaccinations", "Vaccinations"),
            ("/donation", "Organ donation"),
        ],
        Some(CallerRole::Staff) if has(caller, Permission::Dispensing) => &[("/pharmacy", "Prescriptions")],
        Some(CallerRole::Staff) if has(caller, Permission::Prescribing) && has(caller, Permission::Booking) => {
            &[("/desk/prescriptions", "Requests to approve"), ("/desk/days", "The day"), ("/desk/patients", "Patients")]
        }
        Some(CallerRole::Staff) if has(caller, Permission::Prescribing) => {
            &[("/desk/prescriptions", "Requests to approve")]
        }
        Some(CallerRole::Staff) => &[
            ("/desk/days", "The day"),
            ("/desk/waiting", "Waiting list"),
            ("/desk/patients", "Patients"),
            ("/desk/messages", "Messages"),
            ("/desk/sessions", "Clinic sessions"),
            ("/desk/settings", "Settings"),
        ],
        Some(CallerRole::Anonymous) => &[("/", "Home"), ("/check-symptoms", "Check symptoms")],
        Some(CallerRole::Operator) => &[("/operate", "The system")],
        Some(CallerRole::Auditor) => &[("/audit", "The log")],
        Some(CallerRole::System) | None => &[],
    }
}

/// True if the caller has this permission. It decides what is offered; commands and queries decide what is permitted.
pub fn has(caller: &Caller, permission: Permission) -> bool {
    caller.permissions.iter().any(|own| **own == *permission.as_str())
}

/// Filters for templates.
pub mod filters {
    use event_core::Timestamp;

    use crate::words;

    /// `9:00am`
    #[askama::filter_fn]
    pub fn at_time(at: &Timestamp, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(words::time(*at))
    }

    /// `Thursday 26 November 2026`
    #[askama::filter_fn]
    pub fn on_day(at: &Timestamp, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(words::date(*at))
    }
}
