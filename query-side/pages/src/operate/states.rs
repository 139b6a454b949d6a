//! The states of processes, relays and read models in words, with the colour of their tag.

use page_engine::{PolicyReport, ProcessState, ReadModelState, RelayState};
use serde::Serialize;

/// The words of a state, and the class of its tag.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct StateTag {
    pub text: String,
    pub class: &'static str,
}

impl StateTag {
    fn new(text: &str, class: &'static str) -> StateTag {
        StateTag { text: text.to_owned(), class }
    }

    pub fn of_policy(policy: &PolicyReport) -> StateTag {
        match &*policy.state {
            "following" if policy.parked > 0 => StateTag::new("Commands parked", "nhsuk-tag--orange"),
            "following" => StateTag::new("Following", "nhsuk-tag--green"),
            "standby" => StateTag::new("No process", "nhsuk-tag--red"),
            "retrying" => StateTag::new("Trying again", "nhsuk-tag--orange"),
            "stopped" => StateTag::new("Stopped", "nhsuk-tag--red"),
            // A process of a later version may report a state that this one does not know.
            other => StateTag::new(other, "nhsuk-tag--grey"),
        }
    }

    pub fn of_read_model(model: &ReadModelState) -> StateTag {
        match &*model.state {
            _ if !model.live_build => StateTag::new("No rows", "nhsuk-tag--red"),
            "following" => StateTag::new("Following", "nhsuk-tag--green"),
            "catching-up" => StateTag::new("Catching up", "nhsuk-tag--blue"),
            "retrying" => StateTag::new("Trying again", "nhsuk-tag--orange"),
            "stopped" => StateTag::new("Stopped", "nhsuk-tag--red"),
            "rebuilding" => StateTag::new("Rebuilding", "nhsuk-tag--purple"),
            // A process of a later version may report a state that this one does not know.
            other => StateTag::new(other, "nhsuk-tag--grey"),
        }
    }

    pub fn of_relay(relay: &RelayState) -> StateTag {
        match relay {
            RelayState { stopped: Some(_), .. } => StateTag::new("Stopped", "nhsuk-tag--red"),
            RelayState { trouble: Some(_), .. } => StateTag::new("Trying again", "nhsuk-tag--orange"),
            RelayState { leads: true, .. } => StateTag::new("Leads", "nhsuk-tag--green"),
            _ => StateTag::new("Stands by", "nhsuk-tag--grey"),
        }
    }

    pub fn of_process(process: &ProcessState) -> StateTag {
        match (&process.silence, &*process.obstacles) {
            (Some(_), _) => StateTag::new("Does not answer", "nhsuk-tag--red"),
            (None, []) => StateTag::new("Ready", "nhsuk-tag--green"),
            (None, _) => StateTag::new("Not ready", "nhsuk-tag--orange"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_does_not_answer_is_not_ready() {
        let silent = ProcessState { silence: Some("refused".to_owned()), ..ProcessState::default() };
        assert_eq!(StateTag::of_process(&silent).text, "Does not answer");
        assert_eq!(StateTag::of_process(&ProcessState::default()).text, "Ready");
    }

    #[test]
    fn a_relay_that_has_stopped_does_not_lead() {
        let relay = RelayState { leads: true, ..RelayState::default() };
        assert_eq!(StateTag::of_relay(&relay).text, "Leads");
        let stopped = RelayState { stopped: Some("another history".to_owned()), ..relay };
        assert_eq!(StateTag::of_relay(&stopped).text, "Stopped");
    }

    #[test]
    fn a_read_model_without_a_live_build_has_no_rows() {
        let model = ReadModelState { state: "following".to_owned(), ..ReadModelState::default() };
        assert_eq!(StateTag::of_read_model(&model).text, "Following");
        assert_eq!(StateTag::of_read_model(&ReadModelState { live_build: false, ..model }).text, "No rows");
    }
}
