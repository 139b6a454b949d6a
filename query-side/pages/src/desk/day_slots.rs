//! The slots of a day, as pages of the desk read them: in parts, up to a limit.

use event_core::LocalDate;
use page_engine::{Fingerprint, PageError, Pages, Visitor};
use queries::appointments::{DaySlot, SeePracticeDay};
use query_engine::{
    Query, QueryError,
    page::{ITEMS_MAX, Paging},
    parameters::Given,
};

use super::practice::practice_of;

/// The maximum number of parts of the list that one page reads. With 500 slots each, a page shows the day of about 50
/// clinicians; a link leads to the slots after these.
const PARTS_MAX: usize = 4;

/// The slots of a day, or of a part of it, earliest first.
pub struct DaySlots {
    pub slots: Vec<DaySlot>,
    /// The cursor of the slots after these.
    pub next: Option<String>,
    pub stale: bool,
}

impl DaySlots {
    /// Reads the slots of the visitor's practice after this cursor.
    ///
    /// # Errors
    /// If the visitor may not see the day, the cursor is damaged, or the query fails.
    pub async fn read(
        pages: &Pages,
        visitor: &Visitor,
        date: LocalDate,
        cursor: Option<&str>,
    ) -> Result<DaySlots, PageError> {
        let query = SeePracticeDay { practice: practice_of(visitor)?, date };
        let mut read = DaySlots { slots: Vec::new(), next: cursor.map(str::to_owned), stale: false };
        for _ in 0..PARTS_MAX {
            let paging = paging(&query, read.next.as_deref())?;
            let found = pages.ask_for(visitor, &query, paging).await?;
            read.stale |= found.stale;
            read.slots.extend(found.answer.items);
            read.next = found.answer.next;
            if read.next.is_none() {
                break;
            }
        }
        Ok(read)
    }

    pub fn fingerprint(&self) -> Option<Fingerprint> {
        Fingerprint::of(&(&self.slots, &self.next))
    }
}

fn paging(query: &SeePracticeDay, cursor: Option<&str>) -> Result<Paging, QueryError> {
    let (practice, date) = (query.practice.to_string(), query.date.to_string());
    let path = [("practice", practice.as_str()), ("date", date.as_str())];
    let cursor = cursor.map(|cursor| format!("&cursor={}", page_engine::encoded(cursor))).unwrap_or_default();
    let part = format!("limit={ITEMS_MAX}{cursor}");
    Ok(Paging::take(&mut Given::new(path.into_iter(), Some(&part))?, SeePracticeDay::NAME)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_begins_after_the_cursor_of_its_own_day() {
        let day = |date: &str| SeePracticeDay {
            practice: "A12345".parse().expect("a code"),
            date: date.parse().expect("a date"),
        };
        let first = paging(&day("2026-11-26"), None).expect("the first part");
        assert_eq!((first.beyond.as_deref(), first.limit), (None, ITEMS_MAX));
        let cursor = first.cursor("2026-11-26T09:00:00Z.A12345.0123456789AB");
        let second = paging(&day("2026-11-26"), Some(&cursor)).expect("the second part");
        assert_eq!(second.beyond.as_deref(), Some("2026-11-26T09:00:00Z.A12345.0123456789AB"));
        for (date, cursor) in [("2026-11-27", cursor.as_str()), ("2026-11-26", "abc"), ("2026-11-26", "&limit=1")] {
            assert!(paging(&day(date), Some(cursor)).is_err(), "{cursor}");
        }
    }
}
