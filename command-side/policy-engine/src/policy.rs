//! A policy or a gateway as the engine keeps it: its type erased, its name kept.

use std::sync::Arc;

use event_core::{
    Followed, Gateway, GatewayVisitor, Policy, PolicyVisitor, Raw, Reaction, Reactions, Reads, Recorded, Service,
    StateRequest, Timestamp, event::Undecodable, gateway::wanted, state::AnyState,
};
use serde_json::Value;

/// The command of a row that is a delivery of a gateway.
pub(crate) const DELIVERY: &str = "deliver";

/// A policy or a gateway for the engine to run.
#[derive(Clone, Copy)]
pub struct PolicyEntry {
    pub(crate) name: &'static str,
    /// The kinds of events of these services that it does not use.
    pub(crate) passed_over: fn(&[&Service]) -> Vec<&'static str>,
    pub(crate) react: fn(Raw) -> Result<Reactions, Undecodable>,
    /// `None` for a policy.
    pub(crate) gateway: Option<GatewayFunctions>,
}

impl PolicyEntry {
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn is_gateway(&self) -> bool {
        self.gateway.is_some()
    }
}

/// The contents of a delivery, from its event, the states in the order of `wanted`, and the time.
type Contents = fn(Raw, &[Arc<dyn AnyState>], Timestamp) -> Result<Option<Value>, Undecodable>;

/// The functions of a gateway that are needed to send a delivery. The event is decoded again each time.
#[derive(Clone, Copy)]
pub(crate) struct GatewayFunctions {
    pub wanted: fn(Raw) -> Result<Vec<StateRequest>, Undecodable>,
    /// It is called where personal data is opened.
    pub contents: Contents,
    pub delivered: fn(Raw) -> Result<Option<Reaction>, Undecodable>,
}

/// The policies and gateways that `visit` registers: those of one or more services.
pub fn entries(visit: impl FnOnce(&mut Entries)) -> Vec<PolicyEntry> {
    let mut entries = Entries(Vec::new());
    visit(&mut entries);
    entries.0
}

/// Collects policies and gateways without their types.
pub struct Entries(Vec<PolicyEntry>);

impl PolicyVisitor for Entries {
    fn visit<P: Policy>(&mut self) {
        let react = |event| Ok(read::<P::Event>(event)?.map_or_else(Reactions::none, |fact| P::react(&fact)));
        self.0.push(PolicyEntry { name: P::NAME, passed_over: P::Event::passed_over, react, gateway: None });
    }
}

impl GatewayVisitor for Entries {
    fn visit_gateway<G: Gateway>(&mut self) {
        let gateway = GatewayFunctions {
            wanted: |event| Ok(read::<G::Event>(event)?.map(|fact| wanted::<G>(&fact)).unwrap_or_default()),
            contents: |event, states, now| {
                let fact = read::<G::Event>(event)?;
                Ok(fact.zip(G::Reads::borrow(states)).and_then(|(fact, states)| G::contents(&fact, states, now)))
            },
            delivered: |event| Ok(read::<G::Event>(event)?.and_then(|fact| G::delivered(&fact))),
        };
        let react = |event| {
            let delivers = read::<G::Event>(event)?.is_some_and(|fact| G::delivers(&fact));
            let delivery = Reaction { command: DELIVERY, body: Value::Null, due_at: None, awaits: None };
            Ok(if delivers { Reactions::of(delivery) } else { Reactions::none() })
        };
        self.0.push(PolicyEntry { name: G::NAME, passed_over: G::Event::passed_over, react, gateway: Some(gateway) });
    }
}

/// The event, if it is followed.
fn read<F: Followed>(event: Raw) -> Result<Option<Recorded<F>>, Undecodable> {
    Ok(F::read(&event.kind, &event.data)?.map(|data| event.map(|_| data)))
}
