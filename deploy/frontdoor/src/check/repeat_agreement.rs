//! The rules between the streams of repeat prescriptions: the stream of a patient's plans and the streams of the requests
//! agree on what was requested, issued and settled, and no plan is issued more often than it was authorised.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    event::CheckedEvent,
    findings::Findings,
    kinds::{Arm, Kinds, unknown},
};

/// A step of a request, in the words of both kinds of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RequestFact {
    Requested,
    Issued,
    Settled,
}

/// The steps of requests according to both kinds of streams, up to the last event that was read.
#[derive(Default)]
pub struct RepeatAgreement {
    by_plans: BTreeSet<(String, RequestFact)>,
    by_requests: BTreeSet<(String, RequestFact)>,
    /// The issues that are left of each plan.
    left: HashMap<(String, String), i64>,
    /// The plans of each request that was issued.
    issued: BTreeMap<String, Vec<String>>,
}

/// Nominations and stopped plans are of one stream only.
const PLAN_KINDS: Kinds = Kinds {
    service: "repeat",
    ignored: &["repeat.stopped.v1", "repeat.pharmacy-nominated.v1", "repeat.pharmacy-cleared.v1"],
};
/// So are the steps between pharmacy and practice.
const REQUEST_KINDS: Kinds =
    Kinds { service: "prescription", ignored: &["prescription.sent.v1", "prescription.dispense-reported.v1"] };

impl RepeatAgreement {
    pub fn event(&mut self, event: &CheckedEvent, findings: &mut Findings) {
        let needed = PLAN_KINDS.need(&event.kind) || REQUEST_KINDS.need(&event.kind);
        if needed && self.follow(event, findings) == Arm::Missing {
            unknown("repeat plans and requests", event, findings);
        }
    }

    fn follow(&mut self, event: &CheckedEvent, findings: &mut Findings) -> Arm {
        let patient = event.text("/patient").to_owned();
        let request = format!("{patient}.{}", event.text("/request"));
        let plan = (patient.clone(), event.text("/plan").to_owned());
        match event.kind.as_str() {
            "repeat.authorised.v1" => drop(self.left.insert(plan, number(event, "/issues"))),
            "repeat.changed.v1" => {
                self.left.insert(plan, number(event, "/issues") - number(event, "/issued"));
            }
            "repeat.requested.v1" => drop(self.by_plans.insert((request, RequestFact::Requested))),
            "repeat.issued.v1" => {
                let plans = texts(event, "/plans");
                for plan in &plans {
                    let left = self.left.entry((patient.clone(), plan.clone())).or_default();
                    *left -= 1;
                    if *left < 0 {
                        findings.add("care", event.position, "a plan is issued that has no issues left".to_owned());
                    }
                }
                self.issued.insert(request.clone(), plans);
                self.by_plans.insert((request, RequestFact::Issued));
            }
            "repeat.settled.v1" => {
                let given_back = texts(event, "/notDispensed");
                for plan in self.issued.remove(&request).into_iter().flatten().filter(|plan| given_back.contains(plan))
                {
                    *self.left.entry((patient.clone(), plan)).or_default() += 1;
                }
                self.by_plans.insert((request, RequestFact::Settled));
            }
            "prescription.requested.v1" => drop(self.by_requests.insert((request, RequestFact::Requested))),
            "prescription.approved.v1" => drop(self.by_requests.insert((request, RequestFact::Issued))),
            "prescription.cancelled.v1" | "prescription.rejected.v1" | "prescription.completed.v1" => {
                self.by_requests.insert((request, RequestFact::Settled));
            }
            _ => return Arm::Missing,
        }
        Arm::Found
    }

    /// Compares the streams after the last event.
    pub fn end(self, findings: &mut Findings) {
        for step in self.by_plans.symmetric_difference(&self.by_requests) {
            let (request, fact) = step;
            let alone = if self.by_plans.contains(step) { "the plans alone know" } else { "the request alone knows" };
            findings.line(format!("prescription-{request}: {alone} that it was {fact:?}"));
        }
    }
}

fn number(event: &CheckedEvent, pointer: &str) -> i64 {
    i64::try_from(event.number(pointer)).unwrap_or(i64::MAX)
}

fn texts(event: &CheckedEvent, pointer: &str) -> Vec<String> {
    let items = event.value(pointer).as_array().into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings_of(kinds: &[&str]) -> String {
        let (mut agreement, mut findings) = (RepeatAgreement::default(), Findings::default());
        for kind in kinds {
            agreement.event(&CheckedEvent::example(kind), &mut findings);
        }
        agreement.end(&mut findings);
        findings.to_string()
    }

    #[test]
    fn the_agreement_handles_or_ignores_every_kind_of_plans_and_requests() {
        for kind in vocabulary::kinds().filter(|kind| PLAN_KINDS.need(kind) || REQUEST_KINDS.need(kind)) {
            let arm = RepeatAgreement::default().follow(&CheckedEvent::example(kind), &mut Findings::default());
            assert_eq!(arm, Arm::Found, "the agreement of plans and requests neither handles nor ignores {kind}");
        }
    }

    #[test]
    fn streams_that_agree_have_no_findings_and_others_are_named() {
        let whole = ["repeat.authorised.v1", "repeat.requested.v1", "prescription.requested.v1"];
        assert_eq!(findings_of(&whole), "");
        assert!(findings_of(&whole[..2]).contains("the plans alone know that it was Requested"));
        let approved = [&whole[..], &["prescription.approved.v1"]].concat();
        assert!(findings_of(&approved).contains("the request alone knows that it was Issued"));
        assert!(findings_of(&["repeat.issued.v1"]).contains("a plan is issued that has no issues left"));
    }
}
