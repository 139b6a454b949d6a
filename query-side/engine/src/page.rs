//! Pages: lists are read by keyset cursors, never by offsets, so no row is lost or repeated while rows come and go.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::JsonSchema;
use serde::Serialize;

use crate::parameters::{Faulty, Given};

/// The number of items in a page if the request does not say.
pub const ITEMS_DEFAULT: usize = 50;
/// The maximum number of items in a page.
pub const ITEMS_MAX: usize = 500;
/// The maximum number of characters in a cursor. A row's sort key is far shorter.
pub const CURSOR_CHARACTERS_MAX: usize = 400;
/// The form of a cursor, in its first byte: version, check, sort key. The check of form 1 did not cover the question.
const CURSOR_FORM: u8 = 2;

/// One page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "{T}Page")]
pub struct List<T> {
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page. Absent at the end. A page can be short, or empty, and yet have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> List<T> {
    pub fn map<U>(self, shown: impl FnMut(T) -> U) -> List<U> {
        List { items: self.items.into_iter().map(shown).collect(), next: self.next }
    }
}

/// The part of a list that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// The sort key of the last row that was looked at.
    pub beyond: Option<String>,
    pub limit: usize,
    /// The check over the list and all parameters that decide which rows are in it.
    question: u64,
}

impl Default for Paging {
    fn default() -> Paging {
        Paging { beyond: None, limit: ITEMS_DEFAULT, question: FNV_BASIS }
    }
}

impl Paging {
    /// Takes `cursor` and `limit` out of a request's parameters; the remaining ones are the question. A cursor is valid
    /// only for the list and the question that it was made for: with another one it would skip rows, or find none.
    ///
    /// # Errors
    /// A damaged cursor, one of another question, or a limit outside 1 to `ITEMS_MAX`.
    pub fn take(given: &mut Given<'_>, list: &str) -> Result<Paging, Faulty> {
        let limit = given.take::<usize>("limit")?.unwrap_or(ITEMS_DEFAULT);
        if !(1..=ITEMS_MAX).contains(&limit) {
            return Err(Faulty::new("limit", format!("it is 1 to {ITEMS_MAX}")));
        }
        let cursor = given.take::<String>("cursor")?;
        let parameters = given.sorted().into_iter().flat_map(|(name, value)| [name, value]);
        let question = std::iter::once(list).chain(parameters).fold(FNV_BASIS, check);
        let beyond = cursor.map(|cursor| resume(question, &cursor).ok_or_else(unfit)).transpose()?;
        Ok(Paging { beyond, limit, question })
    }

    /// The first part of a list, with at most this number of items, but not more than `ITEMS_MAX`.
    pub fn of(limit: usize) -> Paging {
        Paging { limit: limit.min(ITEMS_MAX), ..Paging::default() }
    }

    /// The part after the row `sort`.
    #[must_use]
    pub fn beyond(self, sort: Option<String>) -> Paging {
        Paging { beyond: sort, ..self }
    }

    /// The part after `list`, which is the answer to this part. `None` if it was the last one.
    pub fn following<T>(&self, list: &List<T>) -> Option<Paging> {
        let last = list.next.as_ref().and_then(|cursor| resume(self.question, cursor))?;
        Some(self.clone().beyond(Some(last)))
    }

    /// The text that continues this list after the row `sort`. It is opaque to clients.
    pub fn cursor(&self, sort: &str) -> String {
        let mut bytes = vec![CURSOR_FORM];
        bytes.extend_from_slice(&check(self.question, sort).to_be_bytes());
        bytes.extend_from_slice(sort.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

fn unfit() -> Faulty {
    Faulty::new("cursor", "it is damaged, or of a list with other parameters: start again without it")
}

fn resume(question: u64, cursor: &str) -> Option<String> {
    if cursor.len() > CURSOR_CHARACTERS_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (form, rest) = bytes.split_first()?;
    let (sum, sort) = rest.split_first_chunk::<8>()?;
    let sort = std::str::from_utf8(sort).ok()?;
    (*form == CURSOR_FORM && u64::from_be_bytes(*sum) == check(question, sort)).then(|| sort.to_owned())
}

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// FNV-1a over one more text and its end (0xFF is in no UTF-8). It detects damage, not forgery: a forged cursor shows
/// nothing that another page would not.
fn check(hash: u64, text: &str) -> u64 {
    let bytes = text.bytes().chain([0xff]);
    bytes.fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "2026-07-01T08:00:00Z.A12345.0123456789AB";

    fn of(list: &str, query: &str) -> Result<Paging, Faulty> {
        Paging::take(&mut Given::new([("site", "A12345")].into_iter(), Some(query))?, list)
    }

    fn paging(query: &str) -> Result<Paging, Faulty> {
        of("free-slots", query)
    }

    fn cursor(query: &str) -> String {
        paging(query).expect("a question").cursor(ROW)
    }

    #[test]
    fn a_cursor_leads_back_to_its_row() {
        let next = paging(&format!("cursor={}", cursor(""))).expect("its own cursor");
        assert_eq!((next.beyond.as_deref(), next.limit), (Some(ROW), ITEMS_DEFAULT));
    }

    #[test]
    fn a_part_follows_on_each_part_but_the_last() {
        let first = Paging::of(2);
        let second =
            first.following(&List { items: vec![1, 2], next: Some(first.cursor(ROW)) }).expect("there is more");
        assert_eq!((second.beyond.as_deref(), second.limit), (Some(ROW), 2));
        assert_eq!(second.following(&List::<u8> { items: vec![], next: None }), None);
    }

    #[test]
    fn a_damaged_cursor_is_refused_wherever_it_is_damaged() {
        let whole = cursor("");
        for at in 0..whole.len() {
            let mut damaged = whole.clone().into_bytes();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(damaged).expect("ASCII");
            assert_eq!(paging(&format!("cursor={damaged}")).expect_err("damaged").parameter, "cursor", "at {at}");
            assert!(paging(&format!("cursor={}", &whole[..at])).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_cursor_of_another_list_or_question_is_refused() {
        assert!(of("practices", &format!("cursor={}", cursor(""))).is_err());
        let asked = cursor("from=2026-07-01&service=gp-routine");
        for other in ["", "from=2026-07-02&service=gp-routine", "from=2026-07-01", "from=2026-07-01&service=gp"] {
            assert_eq!(paging(&format!("{other}&cursor={asked}")).expect_err(other).parameter, "cursor");
        }
    }

    #[test]
    fn the_order_of_parameters_and_the_size_of_a_page_are_not_the_question() {
        let asked = cursor("from=2026-07-01&service=gp-routine");
        for same in ["service=gp-routine&from=2026-07-01", "limit=7&from=2026%2D07-01&service=gp-routine"] {
            assert!(paging(&format!("{same}&cursor={asked}")).is_ok(), "{same}");
        }
    }

    #[test]
    fn a_page_has_1_to_500_items() {
        assert_eq!(paging("limit=500").map(|paging| paging.limit), Ok(500));
        for wrong in ["limit=0", "limit=501", "limit=-1", "limit=many"] {
            assert_eq!(paging(wrong).expect_err(wrong).parameter, "limit");
        }
    }
}
