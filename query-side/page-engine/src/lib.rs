//! The engine of pages: HTML that the server renders from the same queries and commands as the API. It identifies
//! visitors by their sign-in, reads forms, sets the headers of pages, serves style sheets, and tells open pages when
//! their content has changed. It contains no page: applications bring their own.

mod assets;
mod error;
mod form;
mod live;
mod look;
mod operations;
mod page;
mod pages;
mod streams;
mod visitor;

pub use assets::Asset;
pub use error::PageError;
pub use form::{PostedForm, is_own_page};
pub use look::{Fingerprint, Look};
pub use operations::{
    Operations, PolicyReport, ProcessSample, ProcessState, ReadModelState, RebuildState, RelayState, SystemState,
};
pub use page::{HtmlPage, back_to, router, see_other};
pub use pages::{DemoPerson, PageResult, PageSources, Pages, Shown};
pub use visitor::{Guest, Visitor, encoded, to_sign_in};
