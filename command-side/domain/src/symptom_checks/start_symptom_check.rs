use std::fmt;

use event_core::SubjectId;
use pathways::{CATALOGUE, Demographics, Party, Release, ReleaseCatalogue, Sex, demographics::AGE_YEARS_MAX};
use vocabulary::{
    access::anonymous_of,
    symptom_checks::{
        ClaimHash, PathwayReleaseId, SymptomCheckConsent, SymptomCheckCounted, SymptomCheckId, SymptomCheckStarted,
    },
    time::LONDON,
};

use super::{
    checking_day::CheckingDay,
    journey::step,
    rejections::{
        CHECK_EXISTS, CLAIM_MISMATCH, CONSENT_REQUIRED, PATHWAY_NOT_FOUND, RELEASE_OUTDATED, RELEASE_WITHDRAWN,
        TOO_MANY_CHECKS, WRONG_AGE_OR_SEX,
    },
    release_standing::ReleaseStanding,
    symptom_check::SymptomCheck,
};
use crate::prelude::*;

/// Start a symptom check with the newest release of a pathway. It asks questions, and ends with advice where to go.
///
/// The check keeps this release, and the day on which it began, to its end. A person starts at most 20 a day, from midnight to
/// midnight in London.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartSymptomCheck {
    /// The person that answers: a patient, or a person without an account.
    pub subject: SubjectId,
    /// A new id: the release, a dot, and 12 random characters of Crockford base32.
    pub check: SymptomCheckId,
    pub person: PersonWithSymptoms,
    /// The person agrees that the answers are stored. Without this no check starts.
    pub consents_to_storage: bool,
    /// The person agrees that their practice sees the check.
    pub consents_to_sharing: bool,
    /// Without an account only, and always then: SHA-256 of a random claim code, in hexadecimal digits. With the code, the person
    /// can take the check over once they have signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimHash>,
}

/// The person with the symptoms, as far as the questions depend on them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonWithSymptoms {
    /// In whole years.
    #[schemars(range(min = 0, max = AGE_YEARS_MAX))]
    pub age_years: u8,
    pub sex: Sex,
    /// `first` if the signed-in person has the symptoms, `third` if they answer for another person.
    pub party: Party,
}

impl fmt::Debug for PersonWithSymptoms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl PersonWithSymptoms {
    fn is(&self, known: &Demographics) -> bool {
        (self.age_years, self.sex, self.party) == (known.age_years, known.sex, known.party)
    }
}

impl Command for StartSymptomCheck {
    const NAME: &'static str = "start-symptom-check";
    const WHO: &'static dyn AccessRule = &patient(P0).or(anonymous());
    const REJECTIONS: &'static [&'static Rejection] = &[
        &PATHWAY_NOT_FOUND,
        &RELEASE_OUTDATED,
        &RELEASE_WITHDRAWN,
        &WRONG_AGE_OR_SEX,
        &CONSENT_REQUIRED,
        &CLAIM_MISMATCH,
        &CHECK_EXISTS,
        &TOO_MANY_CHECKS,
    ];
    type Reads = (SymptomCheck, ReleaseStanding, CheckingDay);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, context: &Context) -> Streams<Self> {
        let today = CheckingDay::of(self.subject, LONDON.day(context.now));
        (Stream::of(&self.check), Stream::of(self.check.release()), today)
    }

    fn decide(&self, (check, standing, day): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let consent = SymptomCheckConsent { storage: self.consents_to_storage, sharing: self.consents_to_sharing };
        if let SymptomCheck::Started(known) = check {
            let same_person = known.person.get().is_some_and(|person| self.person.is(person));
            let same_claim = known.claim == self.claim;
            let same = known.subject == self.subject && same_person && known.consent == consent && same_claim;
            return if same { Ok(nothing_new()) } else { Err((&CHECK_EXISTS).into()) };
        }
        let release = usable(&CATALOGUE, self.check.release(), *standing)?;
        if !consent.storage {
            return Err((&CONSENT_REQUIRED).into());
        }
        if self.claim.is_some() != anonymous_of(&context.caller).is_some() {
            return Err((&CLAIM_MISMATCH).into());
        }
        let PersonWithSymptoms { age_years, sex, party } = self.person;
        let (now, on) = (context.now, LONDON.day(context.now));
        let person = Demographics { age_years, sex, party, today: on };
        let first = step(release, &person, &[])?;
        day.may_start()?;
        let (check, subject) = (self.check.clone(), self.subject);
        let started = SymptomCheckStarted {
            check: check.clone(),
            subject,
            release: check.release().clone(),
            content_hash: release.content_hash(),
            person: person.into(),
            consent,
            claim: self.claim,
            started_at: now,
        };
        let counted = SymptomCheckCounted { subject, on, check: check.clone() };
        Ok(record(started).and(first.event(check, subject, now)).and(counted))
    }
}

/// The release with which a check can start.
///
/// # Errors
/// `pathway-not-found`, `release-withdrawn` or `release-outdated`.
fn usable<'a>(
    catalogue: &'a ReleaseCatalogue,
    id: &PathwayReleaseId,
    standing: ReleaseStanding,
) -> Result<&'a Release, Rejected> {
    let release = catalogue.release(id.pathway(), id.number()).ok_or(&PATHWAY_NOT_FOUND)?;
    standing.may_be_used()?;
    let newest = catalogue.newest(id.pathway()).map_or(release.number(), Release::number);
    if release.number() == newest { Ok(release) } else { Err(RELEASE_OUTDATED.with("newest", newest)) }
}

#[cfg(test)]
mod specs {
    use pathways::RELEASES;
    use vocabulary::symptom_checks::{CheckingEvent, SymptomCheckEvent, SymptomQuestionAsked};

    use super::*;
    use crate::{
        spec::*,
        symptom_checks::{checking_day::CHECKS_A_DAY_MAX, scenes::*},
    };

    fn person(age_years: u8, sex: Sex, party: Party) -> StartSymptomCheck {
        StartSymptomCheck { person: PersonWithSymptoms { age_years, sex, party }, ..start(1) }
    }

    fn of(check: &str) -> StartSymptomCheck {
        StartSymptomCheck { check: check.parse().expect("a check"), ..start(1) }
    }

    #[test]
    fn a_check_starts_with_the_first_question_and_pins_its_release_and_its_day() {
        let today = "2026-03-02".parse().expect("a day");
        let person = Demographics { age_years: 30, sex: Sex::Female, party: Party::First, today };
        let first: SymptomCheckEvent = SymptomCheckStarted {
            check: check(1),
            subject: alice(),
            release: headache(),
            content_hash: release().content_hash(),
            person: person.into(),
            consent: SymptomCheckConsent { storage: true, sharing: false },
            claim: None,
            started_at: at(NOW),
        }
        .into();
        let question = item("sudden-onset").into();
        let asked: SymptomCheckEvent =
            SymptomQuestionAsked { check: check(1), subject: alice(), question, asked_at: at(NOW) }.into();
        let counted: CheckingEvent = SymptomCheckCounted { subject: alice(), on: today, check: check(1) }.into();
        world().when(start(1)).records(&[&first, &asked, &counted]);
    }

    #[test]
    fn the_day_of_a_check_is_that_of_london() {
        let late = world().at("2026-07-01T23:30:00Z").when(start(1)).records_kinds(&STARTED);
        // A pain that began on 2 July is not in the future.
        let world =
            FLAGS.iter().fold(late, |world, flag| world.when(answer(flag, choice("no"))).records_kinds(&ANSWERED));
        let world = ["pregnancy", "immune-system", "pressure"]
            .iter()
            .fold(world, |world, question| world.when(answer(question, choice("no"))).records_kinds(&ANSWERED));
        let severity = serde_json::from_str(r#"{"kind":"number","number":3}"#).expect("a value");
        let began = serde_json::from_str(r#"{"kind":"date","date":"2026-07-02"}"#).expect("a value");
        let world = world.when(answer("severity", severity)).records_kinds(&ANSWERED);
        world.when(answer("began", began)).records_kinds(&ANSWERED);
    }

    #[test]
    fn the_same_check_is_started_once() {
        started().when(start(1)).nothing_new();
        started().at("2026-03-03T08:00:00Z").when(start(1)).nothing_new();
        started().when(person(31, Sex::Female, Party::First)).rejected(&CHECK_EXISTS);
        started().when(StartSymptomCheck { consents_to_sharing: true, ..start(1) }).rejected(&CHECK_EXISTS);
        started().when(StartSymptomCheck { subject: bob(), ..start(1) }).rejected(&CHECK_EXISTS);
    }

    #[test]
    fn a_check_needs_the_newest_release_that_is_in_use() {
        for unknown in ["toothache.1.000000000001", "headache.2.000000000001"] {
            world().when(of(unknown)).rejected(&PATHWAY_NOT_FOUND);
        }
        world().given(recalled()).when(start(1)).rejected(&RELEASE_WITHDRAWN);
        let release = |number: u32| {
            let text = RELEASES[3].1.replace("\"release\": 1", &format!("\"release\": {number}"));
            Release::parse(&text).expect("in order")
        };
        let catalogue: ReleaseCatalogue = [release(1), release(2)].into_iter().collect();
        let two = "headache.2".parse().expect("a release");
        assert_eq!(usable(&catalogue, &two, ReleaseStanding::InUse).expect("the newest").number(), 2);
        let outdated = usable(&catalogue, &headache(), ReleaseStanding::InUse).expect_err("there is a newer one");
        assert_eq!((outdated.rejection, &outdated.details["newest"]), (&RELEASE_OUTDATED, &2.into()));
        // An older release does not take the place of one that was recalled.
        let recalled = usable(&catalogue, &two, ReleaseStanding::Recalled).expect_err("it was recalled");
        assert_eq!(recalled.rejection, &RELEASE_WITHDRAWN);
    }

    #[test]
    fn a_check_is_for_the_people_for_whom_its_release_is_made() {
        for (age, granted) in [(15, false), (16, true), (120, true), (121, false)] {
            let then = world().when(person(age, Sex::Male, Party::Third));
            drop(if granted { then.records_kinds(&STARTED) } else { then.rejected(&WRONG_AGE_OR_SEX) });
        }
    }

    #[test]
    fn a_check_without_an_account_has_the_hash_of_a_claim_code_and_no_other_check_has_one() {
        let without_account = world().by(as_anonymous());
        without_account
            .clone()
            .when(start_anonymously(1))
            .records_kinds(&STARTED)
            .when(start_anonymously(1))
            .nothing_new();
        let no_code = StartSymptomCheck { claim: None, ..start_anonymously(1) };
        without_account.clone().when(no_code.clone()).rejected(&CLAIM_MISMATCH);
        let of_patient = StartSymptomCheck { claim: Some(code().hash()), ..start(1) };
        world().when(of_patient).rejected(&CLAIM_MISMATCH);
        let other_code = StartSymptomCheck { claim: Some(other_code().hash()), ..start_anonymously(1) };
        let started = without_account.when(start_anonymously(1)).records_kinds(&STARTED);
        started.when(other_code).rejected(&CHECK_EXISTS);
    }

    #[test]
    fn without_consent_to_storage_no_check_starts() {
        let start = StartSymptomCheck { consents_to_storage: false, consents_to_sharing: true, ..start(1) };
        world().when(start).rejected(&CONSENT_REQUIRED);
    }

    #[test]
    fn a_person_starts_20_checks_a_day() {
        let full =
            (1..=CHECKS_A_DAY_MAX).fold(world(), |world, number| world.when(start(number)).records_kinds(&STARTED));
        assert_eq!(full.clone().when(start(21)).rejected_with(&TOO_MANY_CHECKS)["limit"], CHECKS_A_DAY_MAX);
        full.at("2026-03-03T00:00:00Z").when(start(21)).records_kinds(&STARTED);
    }

    #[test]
    fn an_age_is_never_in_a_log_and_fields_that_a_person_does_not_have_are_refused() {
        assert!(!format!("{:?}", start(1)).contains("30"));
        let body = |more: &str| {
            let person = serde_json::json!({"ageYears": 30, "sex": "female", "party": "first"});
            let mut body = serde_json::json!({"subject": alice(), "check": check(1), "person": person,
                "consentsToStorage": true, "consentsToSharing": true});
            body.pointer_mut(more)
                .and_then(|at| at.as_object_mut())
                .expect("an object")
                .insert("more".into(), 1.into());
            body
        };
        assert!(refuses::<StartSymptomCheck>(body("")) && refuses::<StartSymptomCheck>(body("/person")));
    }
}
