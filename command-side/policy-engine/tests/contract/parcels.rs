//! A service with everything that policies do: a parcel that is sent is noted at once, and reminded of later unless it
//! was received. Each note counts, so that a command that is given twice leaves a trace.

use std::sync::atomic::{AtomicBool, Ordering};

use event_core::{
    AccessRule, Class, Command, CommandVisitor, Context, Decision, Gateway, GatewayVisitor, Policy, PolicyVisitor,
    Reaction, Reactions, Recorded, Rejected, Rejection, Service, State, States, Stream, Streams, Timestamp,
    access::{ANY_AUTHENTICATED, WithRole},
    events, nothing_new,
    policy::SYSTEM_ROLE,
    record,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub static SERVICE: Service = Service { name: "parcels", categories: &[ParcelEvent::ABOUT] };

events! {
    /// The life of a parcel.
    ParcelEvent of SERVICE as "parcel" on "parcel" by (parcel) {
        Sent(ParcelSent) = "parcel.sent.v1",
        Received(ParcelReceived) = "parcel.received.v1",
        Noted(ParcelNoted) = "parcel.noted.v1",
        Reminded(ParcelReminded) = "parcel.reminded.v1",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelSent {
    pub parcel: String,
    pub remind_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelReceived {
    pub parcel: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelNoted {
    pub parcel: String,
    pub times: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelReminded {
    pub parcel: String,
}

#[derive(Debug, Clone, Default)]
pub struct Parcel {
    noted: u32,
    is_received: bool,
}

impl State for Parcel {
    type Event = ParcelEvent;

    fn evolve(&mut self, event: &ParcelEvent) {
        match event {
            ParcelEvent::Sent(_) | ParcelEvent::Reminded(_) => {}
            ParcelEvent::Received(_) => self.is_received = true,
            ParcelEvent::Noted(noted) => self.noted = noted.times,
        }
    }
}

/// Parcels with this beginning are never noted: a rule refuses.
pub const REFUSED: &str = "refused-";
/// Noting parcels with this beginning fails while `IS_BROKEN`.
pub const BROKEN: &str = "broken-";
pub static IS_BROKEN: AtomicBool = AtomicBool::new(true);
/// A policy cannot react to parcels with this name.
pub const UNKNOWN: &str = "unknown";

static NOT_NOTED: Rejection =
    Rejection { code: "not-noted", class: Class::Rule, title: "It is not noted.", advice: "Send another." };

macro_rules! command {
    ($name:ident { $($field:ident: $type:ty),* } as $text:literal by $who:expr, $decide:expr) => {
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(pub $field: $type,)*
        }

        impl Command for $name {
            const NAME: &'static str = $text;
            const WHO: &'static dyn AccessRule = $who;
            const REJECTIONS: &'static [&'static Rejection] = &[&NOT_NOTED];
            type Reads = Parcel;

            fn streams(&self, _: &Context) -> Streams<Self> {
                Stream::of(&self.parcel)
            }

            fn decide(&self, parcel: States<'_, Self>, _: &Context) -> Result<Decision, Rejected> {
                let decide: fn(&$name, &Parcel) -> Result<Decision, Rejected> = $decide;
                decide(self, parcel)
            }
        }
    };
}

command!(SendParcel { parcel: String, remind_at: Timestamp } as "send-parcel" by ANY_AUTHENTICATED, |command, _| {
    Ok(record(ParcelSent { parcel: command.parcel.clone(), remind_at: command.remind_at }))
});
command!(ReceiveParcel { parcel: String } as "receive-parcel" by ANY_AUTHENTICATED, |command, _| {
    Ok(record(ParcelReceived { parcel: command.parcel.clone() }))
});
command!(NoteParcel { parcel: String } as "note-parcel" by &WithRole(SYSTEM_ROLE), |command, parcel| {
    if command.parcel.starts_with(REFUSED) {
        return Err((&NOT_NOTED).into());
    }
    assert!(!command.parcel.starts_with(BROKEN) || !IS_BROKEN.load(Ordering::SeqCst), "a bug");
    Ok(record(ParcelNoted { parcel: command.parcel.clone(), times: parcel.noted + 1 }))
});
command!(RemindOfParcel { parcel: String } as "remind-of-parcel" by &WithRole(SYSTEM_ROLE), |command, parcel| {
    if parcel.is_received {
        return Ok(nothing_new());
    }
    Ok(record(ParcelReminded { parcel: command.parcel.clone() }))
});

pub fn commands(visitor: &mut impl CommandVisitor) {
    visitor.visit::<SendParcel>();
    visitor.visit::<ReceiveParcel>();
    visitor.visit::<NoteParcel>();
    visitor.visit::<RemindOfParcel>();
}

/// Parcels with this beginning are noted once the parcel `CUSTOMS` was received.
pub const HELD_BACK: &str = "held-back-";
pub const CUSTOMS: &str = "customs";

pub struct Notes;

impl Policy for Notes {
    const NAME: &'static str = "notes";
    type Event = ParcelEvent;

    fn react(fact: &Recorded<ParcelEvent>) -> Reactions {
        match &fact.data {
            ParcelEvent::Sent(sent) => {
                assert!(sent.parcel != UNKNOWN, "a bug of the policy");
                let parcel = || sent.parcel.clone();
                if sent.parcel.starts_with(HELD_BACK) {
                    return Reactions::give_after(CUSTOMS, &NoteParcel { parcel: parcel() });
                }
                Reactions::give(&NoteParcel { parcel: parcel() })
                    .and_at(sent.remind_at, &RemindOfParcel { parcel: parcel() })
            }
            ParcelEvent::Received(received) if received.parcel == CUSTOMS => Reactions::release(CUSTOMS),
            ParcelEvent::Received(_) | ParcelEvent::Noted(_) | ParcelEvent::Reminded(_) => Reactions::none(),
        }
    }
}

/// Parcels with this beginning are announced to another system when they are sent.
pub const ANNOUNCED: &str = "announced-";

pub struct Announcements;

impl Gateway for Announcements {
    const NAME: &'static str = "announcements";
    type Event = ParcelEvent;
    type Reads = Parcel;

    fn delivers(fact: &Recorded<ParcelEvent>) -> bool {
        match &fact.data {
            ParcelEvent::Sent(sent) => sent.parcel.starts_with(ANNOUNCED),
            ParcelEvent::Received(_) | ParcelEvent::Noted(_) | ParcelEvent::Reminded(_) => false,
        }
    }

    fn streams(fact: &Recorded<ParcelEvent>) -> Stream<Parcel> {
        Stream::of(fact.stream_id())
    }

    fn contents(fact: &Recorded<ParcelEvent>, parcel: &Parcel, _: Timestamp) -> Option<serde_json::Value> {
        (!parcel.is_received).then(|| serde_json::json!({"parcel": fact.stream_id()}))
    }

    fn delivered(fact: &Recorded<ParcelEvent>) -> Option<Reaction> {
        Some(Reaction::to(&NoteParcel { parcel: fact.stream_id().to_owned() }))
    }
}

pub fn policies(visitor: &mut (impl PolicyVisitor + GatewayVisitor)) {
    visitor.visit::<Notes>();
    visitor.visit_gateway::<Announcements>();
}
