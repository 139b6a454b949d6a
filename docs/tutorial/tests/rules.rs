//! Given what has happened, when a command is given, then these events happen. No log is needed.

use event_core::{Caller, SubjectId, given::World};
use library::{
    commands::{ALREADY_LENT, LendCopy, ReturnCopy},
    events::{CopyId, CopyLent, CopyReturned, LoanEvent},
};

fn copy() -> CopyId {
    "moby-dick-1".parse().expect("a label")
}

fn ishmael() -> SubjectId {
    "a11ce000-0000-4000-8000-000000000001".parse().expect("a subject")
}

fn ahab() -> SubjectId {
    "b0b00000-0000-4000-8000-000000000002".parse().expect("a subject")
}

fn lent_to(reader: SubjectId) -> LoanEvent {
    CopyLent { copy: copy(), reader }.into()
}

fn lend_to(reader: SubjectId) -> LendCopy {
    LendCopy { copy: copy(), reader }
}

/// Nothing has happened yet; a librarian acts.
fn world() -> World {
    let issuer = "urn:library".parse().expect("an issuer");
    let (id, role) = ("ann".into(), "librarian".into());
    World::new(
        Caller { issuer, id, role, permissions: vec![], organisation: None, level: None },
        "2026-03-02T08:00:00Z",
    )
}

#[test]
fn a_copy_is_lent_to_one_reader_at_a_time() {
    let lent = world().when(lend_to(ishmael())).records(&[&lent_to(ishmael())]);
    lent.clone().when(lend_to(ahab())).rejected(&ALREADY_LENT);
    lent.when(lend_to(ishmael())).nothing_new();
}

#[test]
fn a_copy_that_came_back_is_lent_again() {
    let returned: LoanEvent = CopyReturned { copy: copy() }.into();
    let back = world().given(lent_to(ishmael())).when(ReturnCopy { copy: copy() }).records(&[&returned]);
    back.when(lend_to(ahab())).records(&[&lent_to(ahab())]);
}

#[test]
fn a_copy_that_is_not_lent_need_not_come_back() {
    world().when(ReturnCopy { copy: copy() }).nothing_new();
}
