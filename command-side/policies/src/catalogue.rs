//! The list of all policies and gateways. Each service lists its own in its folder.

use event_core::{GatewayVisitor, PolicyVisitor};

use crate::{appointments, messages, prescriptions, symptom_checks, vaccinations};

/// A new service is one line here. A new policy is a line in its service's folder.
pub fn every_policy(visitor: &mut impl PolicyVisitor) {
    appointments::visit(visitor);
    messages::visit(visitor);
    prescriptions::visit(visitor);
    symptom_checks::visit(visitor);
    vaccinations::visit(visitor);
}

/// The gateways to other systems. A new one is a line in its service's folder.
pub fn every_gateway(visitor: &mut impl GatewayVisitor) {
    messages::visit_gateways(visitor);
    prescriptions::visit_gateways(visitor);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use event_core::Policy;

    use super::*;

    /// The name is that of the checkpoint and of the caller.
    #[test]
    fn every_policy_has_a_name_of_its_own_that_is_valid() {
        struct Names(BTreeSet<&'static str>);
        impl PolicyVisitor for Names {
            fn visit<P: Policy>(&mut self) {
                let allowed = P::NAME.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
                assert!((1..=40).contains(&P::NAME.len()) && allowed, "{}", P::NAME);
                assert!(self.0.insert(P::NAME), "two policies are {}", P::NAME);
            }
        }
        let mut names = Names(BTreeSet::new());
        every_policy(&mut names);
        assert!(!names.0.is_empty());
    }
}
