//! A patient on a waiting list gets a message when a slot is offered.

use domain::messages::SendSystemMessage;
use event_core::{Policy, Reactions, Recorded};
use vocabulary::{
    appointments::WaitingEvent,
    messages::{MessageId, SystemFacts},
};

pub struct WaitingListNews;

impl Policy for WaitingListNews {
    const NAME: &'static str = "waiting-list-news";
    type Event = WaitingEvent;

    fn react(fact: &Recorded<WaitingEvent>) -> Reactions {
        match &fact.data {
            WaitingEvent::Offered(offered) => {
                let (session, starts_at) = (offered.time.session.clone(), offered.time.starts_at);
                let message = MessageId::of_event(&session.site(), fact.id.as_u128());
                let facts = SystemFacts::WaitingListOffer { session, starts_at, until: offered.expires_at };
                Reactions::give(&SendSystemMessage { message, patient: offered.patient, facts })
            }
            WaitingEvent::Joined(_)
            | WaitingEvent::Accepted(_)
            | WaitingEvent::Lapsed(_)
            | WaitingEvent::Left(_)
            | WaitingEvent::Passed(_) => Reactions::none(),
        }
    }
}

#[cfg(test)]
mod specs {
    use serde_json::json;
    use vocabulary::appointments::SlotOffered;

    use super::*;
    use crate::spec::*;

    #[test]
    fn an_offer_is_a_message_with_the_time_until_which_it_stands() {
        let offered = SlotOffered {
            site: site(),
            month: "2026-03-01".parse().expect("a date"),
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            offered_at: at("2026-03-02T08:00:00Z"),
            expires_at: at("2026-03-02T08:30:00Z"),
        };
        let given = reactions::<WaitingListNews>(NINE, offered.into());
        let [sent] = &given[..] else { panic!("{given:?}") };
        let facts = json!({"kind": "waiting-list-offer", "session": clinic(), "startsAt": NINE, "until": "2026-03-02T08:30:00Z"});
        assert_eq!((sent.command, &sent.body["facts"]), ("send-system-message", &facts));
    }
}
