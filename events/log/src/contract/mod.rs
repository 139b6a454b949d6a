//! The contract of a log, for every store: laws, each named after its rule. A store runs them all by implementing
//! `TestStore` and writing `event_log::contract_laws!(world)`, once for each log.
//!
//! Requests that are submitted without waiting in between form one batch: the tests run on one thread, and the log's
//! task runs only while they wait.

pub mod bytes;
pub mod conditions;
pub mod histories;
pub mod keys;
pub mod life;
pub mod limits;
pub mod positions;
pub mod reading;
mod speech;
pub mod tickets;

use std::sync::Arc;

use async_trait::async_trait;
use event_core::LogName;

use crate::{Log, LogError, LogOptions};

/// The place of a store's logs: empty at first, with the same logs at each opening.
#[async_trait]
pub trait TestStore: Send + Sync {
    async fn open(&self, name: LogName, options: LogOptions) -> Result<Log, LogError>;
}

/// One log in one place.
#[derive(Clone)]
pub struct StoreWorld {
    pub place: Arc<dyn TestStore>,
    pub name: LogName,
}

impl StoreWorld {
    pub fn new(place: impl TestStore + 'static, name: LogName) -> StoreWorld {
        StoreWorld { place: Arc::new(place), name }
    }

    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self) -> Log {
        self.open_with(LogOptions::default()).await
    }

    /// # Panics
    /// When it cannot be opened.
    pub async fn open_with(&self, options: LogOptions) -> Log {
        self.place.open(self.name, options).await.expect("the log can be opened")
    }

    /// The same log, closed and opened again.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn reopen(&self, log: Log) -> Log {
        log.close().await;
        self.open().await
    }
}

macro_rules! laws {
    ($d:tt $($file:ident { $($law:ident)* })*) => {
        /// Defines a test for each law. The function makes a new world for each test.
        #[macro_export]
        macro_rules! contract_laws {
            ($d world:expr) => {
                $($(
                    #[tokio::test]
                    async fn $law() {
                        $crate::contract::$file::$law(($d world)()).await;
                    }
                )*)*

                #[tokio::test]
                async fn any_history_is_answered_as_by_the_model() {
                    $crate::contract::histories::any_history_is_answered_as_by_the_model($d world).await;
                }
            };
        }
    };
}

laws! { $
    positions {
        positions_are_gapless_over_many_clients
        a_reader_that_saw_a_position_never_later_sees_a_new_event_at_or_below_it
        events_of_one_request_on_several_streams_have_consecutive_positions
        revisions_of_a_stream_are_contiguous
        recorded_at_never_goes_back_when_the_clock_does
        recorded_at_never_goes_back_over_a_restart
        the_end_is_the_last_position
    }
    conditions {
        a_stream_at_another_revision_is_a_conflict_that_says_where_it_is
        zero_means_that_the_stream_must_not_exist
        a_revision_that_the_stream_has_not_reached_is_a_conflict
        a_request_is_stored_whole_or_not_at_all
        one_revision_has_one_winner
        a_stream_that_is_only_read_guards_the_decision_against_write_skew
        a_condition_is_never_checked_on_an_old_snapshot
        any_revision_is_for_the_log_access_only
        one_conflict_fails_none_of_its_neighbours
        a_condition_sees_what_the_requests_before_it_store
        conditions_without_events_hold_with_the_highest_position_read
        conditions_without_events_can_be_off
        conditions_on_empty_streams_hold_at_position_zero
        heads_that_are_no_longer_in_memory_are_still_exact
    }
    keys {
        a_command_that_comes_again_gets_what_it_stored
        a_command_is_recognised_after_a_restart
        a_command_is_recognised_though_its_conditions_are_off
        a_key_with_another_body_is_refused
        a_command_that_is_twice_in_one_batch_is_stored_once
        two_bodies_under_one_key_in_one_batch_are_told_apart
        a_batch_of_repeats_and_new_requests_does_right_by_each
        a_command_without_an_outcome_that_stored_nothing_is_decided_again
        a_decision_without_events_is_remembered_though_it_would_now_store_one
        a_decision_without_events_is_remembered_after_a_restart
        the_key_of_a_decision_without_events_is_not_free_for_another_body
        a_decision_without_events_that_is_twice_in_one_batch_is_made_once
        a_decision_whose_conditions_do_not_hold_is_not_remembered
        what_a_command_stored_is_not_replaced_by_a_later_decision
        a_decision_without_events_of_many_clients_is_made_once
        a_decision_without_events_is_forgotten_after_its_time
        an_outcome_is_bounded
        a_repeat_that_would_now_store_nothing_gets_the_stored_outcome
        an_append_that_is_no_command_is_known_by_its_first_event
        a_command_of_many_clients_is_stored_once
        what_is_known_by_a_key_of_an_earlier_version_is_a_repeat
        what_a_command_stored_is_found_by_its_key
        an_unknown_key_finds_nothing
    }
    tickets {
        what_rests_on_a_refused_request_is_refused_in_the_same_batch
        what_rests_on_a_refused_request_is_refused_in_a_later_batch_though_its_revision_fits
        a_chain_falls_with_its_first_link
        what_rests_on_a_stored_request_is_stored
        what_rests_on_a_repeat_is_unfounded
        nothing_rests_on_a_request_that_comes_later
    }
    bytes {
        data_comes_back_byte_for_byte
        the_whole_envelope_comes_back
        what_is_absent_comes_back_absent
        the_correlation_is_the_first_events_id_where_none_is_given
        key_and_hash_are_on_the_first_event_only
    }
    limits {
        a_stream_of_care_is_full_at_10_000_events_and_one_of_access_never
        the_last_500_events_of_a_stream_of_care_are_for_giving_up
        what_is_beyond_a_limit_is_invalid_and_stores_nothing
        an_event_needs_one_condition_on_its_stream
        the_largest_request_is_stored
        a_full_queue_refuses_at_once
    }
    reading {
        a_page_has_as_many_events_as_were_asked_for
        a_page_is_bounded_in_bytes_and_says_how_far_it_goes
        a_page_without_some_kinds_is_bounded_in_bytes_and_says_how_far_it_goes
        a_page_of_a_stream_is_bounded_in_bytes_and_says_whether_there_is_more
        streams_are_read_whole_however_many_bytes_they_have
        the_feed_gives_every_event_once_and_in_order_however_large_they_are
        beyond_the_end_there_is_nothing
        a_stream_is_read_from_a_revision_on
        several_streams_are_read_in_the_order_in_which_they_were_asked_for
        the_watch_wakes_when_the_event_can_be_read
        a_reader_may_pass_kinds_over_and_still_learns_how_far_a_page_goes
        the_feed_gives_every_event_once_and_in_order
        the_feeds_of_several_followers_give_each_the_kinds_that_it_wants
        a_log_that_is_open_is_healthy
    }
    life {
        closing_stores_what_was_submitted_and_refuses_the_rest
        a_request_that_nobody_waits_for_is_stored_and_poisons_nothing
        what_was_answered_is_there_after_a_restart
        lineage_and_secret_survive_a_restart
        another_lineage_than_expected_is_refused
        a_keyed_hash_tells_its_parts_and_logs_apart
        both_logs_are_apart
    }
}
