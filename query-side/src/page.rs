//! Pages: lists are read by keyset cursors, never by offsets, so nothing is lost or doubled while rows come and go.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::JsonSchema;
use serde::Serialize;

use crate::parameters::{Faulty, Given};

/// Items of a page where the request does not say.
pub const ITEMS_DEFAULT: usize = 50;
/// Items of a page, at most.
pub const ITEMS_MAX: usize = 500;
/// Characters of a cursor. A row's sort key is far shorter.
const CURSOR_CHARACTERS_MAX: usize = 400;
/// The form of a cursor, in its first byte: version, check, sort key.
const CURSOR_FORM: u8 = 1;

/// One page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    pub items: Vec<T>,
    /// Give it as `cursor` to get what follows. Absent: this is the end. A page can be short, or empty, and yet have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> List<T> {
    pub fn map<U>(self, shown: impl FnMut(T) -> U) -> List<U> {
        List { items: self.items.into_iter().map(shown).collect(), next: self.next }
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// The sort key of the last row that was looked at.
    pub beyond: Option<String>,
    pub limit: usize,
}

impl Default for Paging {
    fn default() -> Paging {
        Paging { beyond: None, limit: ITEMS_DEFAULT }
    }
}

impl Paging {
    /// Takes `cursor` and `limit` out of a request's parameters. A cursor is good for the list that gave it.
    ///
    /// # Errors
    /// A damaged cursor, or a limit outside 1 to `ITEMS_MAX`.
    pub fn take(given: &mut Given<'_>, list: &str) -> Result<Paging, Faulty> {
        let limit = given.take::<usize>("limit")?.unwrap_or(ITEMS_DEFAULT);
        if !(1..=ITEMS_MAX).contains(&limit) {
            return Err(Faulty::new("limit", format!("it is 1 to {ITEMS_MAX}")));
        }
        let cursor = given.take::<String>("cursor")?;
        let beyond = cursor.map(|cursor| resume(list, &cursor).ok_or_else(damaged)).transpose()?;
        Ok(Paging { beyond, limit })
    }
}

fn damaged() -> Faulty {
    Faulty::new("cursor", "it is damaged, or of another list: start again without it")
}

/// The text that continues `list` after the row `sort`. Opaque to those who hold it.
pub fn cursor(list: &str, sort: &str) -> String {
    let mut bytes = vec![CURSOR_FORM];
    bytes.extend_from_slice(&check(list, sort.as_bytes()).to_be_bytes());
    bytes.extend_from_slice(sort.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn resume(list: &str, cursor: &str) -> Option<String> {
    if cursor.len() > CURSOR_CHARACTERS_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (form, rest) = bytes.split_first()?;
    let (sum, sort) = rest.split_first_chunk::<4>()?;
    if *form != CURSOR_FORM || u32::from_be_bytes(*sum) != check(list, sort) {
        return None;
    }
    String::from_utf8(sort.to_vec()).ok()
}

/// FNV-1a. It finds damage, not malice: a forged cursor shows nothing that another page would not.
fn check(list: &str, sort: &[u8]) -> u32 {
    let bytes = list.bytes().chain([0]).chain(sort.iter().copied());
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(query: &str) -> Result<Paging, Faulty> {
        Paging::take(&mut Given::new([].into_iter(), Some(query))?, "free-slots")
    }

    #[test]
    fn a_cursor_leads_back_to_its_row() {
        let next = cursor("free-slots", "2026-07-01T08:00:00Z.A12345.0123456789AB");
        let expected = Some("2026-07-01T08:00:00Z.A12345.0123456789AB".to_owned());
        assert_eq!(paging(&format!("cursor={next}")), Ok(Paging { beyond: expected, limit: ITEMS_DEFAULT }));
    }

    #[test]
    fn a_damaged_cursor_is_refused_wherever_it_is_damaged() {
        let whole = cursor("free-slots", "2026-07-01T08:00:00Z");
        for at in 0..whole.len() {
            let mut damaged = whole.clone().into_bytes();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(damaged).expect("ASCII");
            assert_eq!(paging(&format!("cursor={damaged}")).expect_err("damaged").parameter, "cursor", "at {at}");
            assert!(paging(&format!("cursor={}", &whole[..at])).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        assert!(paging(&format!("cursor={}", cursor("practices", "A12345"))).is_err());
    }

    #[test]
    fn a_page_has_1_to_500_items() {
        assert_eq!(paging("limit=500").map(|paging| paging.limit), Ok(500));
        for wrong in ["limit=0", "limit=501", "limit=-1", "limit=many"] {
            assert_eq!(paging(wrong).expect_err(wrong).parameter, "limit");
        }
    }
}
