use event_core::{LocalDate, OrganisationCode, SubjectId};
use vocabulary::{appointments::WaitingLeft, time::LONDON};

use super::waiting_list::{WaitingList, WaitingStatus};
use crate::prelude::*;

/// Stop waiting for a slot that becomes free. A slot that is offered is offered to the next in line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeaveWaitingList {
    pub patient: SubjectId,
    /// The practice's code.
    pub site: OrganisationCode,
    /// The list: the first day of the month in which the patient joined.
    pub month: LocalDate,
}

impl Command for LeaveWaitingList {
    const NAME: &'static str = "leave-waiting-list";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[];
    const GIVES_UP: bool = true;
    type Reads = WaitingList;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.site.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        WaitingList::of(&self.site, self.month)
    }

    fn decide(&self, list: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let Some(waiter) = list.waiting(self.patient, LONDON.day(context.now)) else {
            return Ok(nothing_new());
        };
        let offered = match &waiter.status {
            WaitingStatus::Offered { slot, .. } => Some(slot.clone()),
            WaitingStatus::Waiting | WaitingStatus::Ended => None,
        };
        let (site, month, patient) = (self.site.clone(), self.month, self.patient);
        Ok(record(WaitingLeft { site, month, patient, offered, left_at: context.now }))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{OfferedSlot, WaitingEvent};

    use super::*;
    use crate::spec::*;

    fn leave() -> LeaveWaitingList {
        LeaveWaitingList { patient: alice(), site: site(), month: march() }
    }

    fn left(offered: Option<OfferedSlot>) -> WaitingEvent {
        WaitingLeft { site: site(), month: march(), patient: alice(), offered, left_at: at(NOW) }.into()
    }

    #[test]
    fn a_patient_leaves_the_list_once() {
        let waits = surgery().given(joined(alice()));
        waits.when(leave()).records(&[&left(None)]).when(leave()).nothing_new();
        surgery().given(joined(bob())).when(leave()).nothing_new();
    }

    #[test]
    fn leaving_gives_up_an_offer() {
        let slot = OfferedSlot { session: clinic(), starts_at: at(NINE) };
        surgery().given(joined(alice())).given(offered(NINE, alice())).when(leave()).records(&[&left(Some(slot))]);
    }
}
