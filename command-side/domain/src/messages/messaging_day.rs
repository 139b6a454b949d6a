//! The number of messages that organisations have written to one person on one day.

use event_core::{LocalDate, Rejected, State, Stream, SubjectId};
use vocabulary::messages::MessagingEvent;

use super::rejections::TOO_MANY_MESSAGES;

/// The number of messages that organisations may write to one person on one day (in London), all together.
pub const MESSAGES_A_DAY_MAX: u32 = 20;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessagingDay {
    messages: u32,
}

impl State for MessagingDay {
    type Event = MessagingEvent;

    fn evolve(&mut self, event: &MessagingEvent) {
        match event {
            MessagingEvent::Counted(_) => self.messages = self.messages.saturating_add(1),
        }
    }
}

impl MessagingDay {
    pub fn of(subject: SubjectId, day: LocalDate) -> Stream<MessagingDay> {
        Stream::of(format_args!("{subject}.{day}"))
    }

    /// # Errors
    /// `too-many-messages`.
    pub fn may_write(&self) -> Result<(), Rejected> {
        if self.messages < MESSAGES_A_DAY_MAX {
            Ok(())
        } else {
            Err(TOO_MANY_MESSAGES.with("limit", MESSAGES_A_DAY_MAX))
        }
    }
}
