//! Who is let in. The rule is `domain::Access`; here is what it has to know beside the token: where the person
//! concerned is registered.

use std::sync::Arc;

use domain::{
    Access, Caller, Stream,
    access::Denied,
    registrations::Registration,
    state::{AnyState, Wanted},
};
use event_core::{OrganisationCode, SubjectId};

/// What is asked of the gate.
#[derive(Clone)]
pub(crate) struct Question {
    pub who: Access,
    pub caller: Caller,
    /// The person whose relationship to the caller decides.
    pub subject: Option<SubjectId>,
    pub organisation: Option<OrganisationCode>,
}

impl Question {
    /// Where the token decides: whether it is let in. Where the person's registration decides: the stream that says,
    /// after everybody was turned away who would not be let in whatever it says.
    ///
    /// # Errors
    /// Who is not let in.
    pub fn by_token(&self) -> Result<Option<Wanted>, Denied> {
        let registration =
            self.subject.filter(|_| self.who.needs_registration(&self.caller, self.subject)).map(registration_of);
        let at_best = registration.as_ref().and(self.caller.organisation.as_ref());
        self.admits(at_best)?;
        Ok(registration.as_ref().map(Wanted::from))
    }

    /// Whether it is let in, by the state of the stream that `by_token` asks for.
    ///
    /// # Errors
    /// Who is not let in.
    pub fn by_registration(&self, state: &Arc<dyn AnyState>) -> Result<(), Denied> {
        self.admits((**state).as_any().downcast_ref::<Registration>().and_then(Registration::practice))
    }

    fn admits(&self, registered_at: Option<&OrganisationCode>) -> Result<(), Denied> {
        self.who.admits(&self.caller, self.subject, self.organisation.as_ref(), registered_at)
    }
}

fn registration_of(subject: SubjectId) -> Stream<Registration> {
    Stream::of(subject)
}
