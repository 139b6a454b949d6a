//! Answers of eligibility and of two doses together: reasons that the demonstration cannot give, words, and masks.

use event_core::LocalDate;
use programmes::{
    DeclaredContraindication, EDITIONS, Eligibility, GivenDose, NotTogether, Obstacle, PersonFacts, Programme,
    SecondDates, eligibility, together,
};
use serde_json::{Value, json};

fn day(text: &str) -> LocalDate {
    text.parse().expect("a day")
}

fn programme(which: usize, changes: &[(&str, Value)]) -> Programme {
    let mut document: Value = serde_json::from_str(EDITIONS[which].1).expect("JSON");
    for (pointer, value) in changes {
        *document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value.clone();
    }
    Programme::parse(&document.to_string()).unwrap_or_else(|error| panic!("{error}"))
}

fn born(on: &str) -> PersonFacts {
    PersonFacts { born: day(on), cohorts: Vec::new(), contraindications: Vec::new(), doses: Vec::new() }
}

fn with_dose(mut facts: PersonFacts, programme: &str, number: u8, vaccine: &str, on: &str) -> PersonFacts {
    facts.doses.push(GivenDose { programme: programme.into(), number, vaccine: vaccine.into(), on: day(on) });
    facts
}

#[test]
fn a_person_can_be_too_old_for_the_vaccines_of_a_dose() {
    let ages = json!({"atLeast": "9 months", "lessThan": "40 years"});
    let mmr = programme(2, &[("/vaccines/0/ages", ages.clone()), ("/vaccines/1/ages", ages)]);
    let Eligibility::Not { why, advice } = eligibility(&mmr, &born("1980-01-01"), day("2026-11-27"), None) else {
        panic!("eligible")
    };
    assert_eq!(why, Obstacle::TooOld { less_than: "40 years".parse().expect("an age") });
    assert_eq!(why.words(&mmr), "This vaccination is for people under 40 years on the day of the appointment.");
    assert_eq!(advice, "Call your practice.");
}

#[test]
fn a_dose_waits_for_the_campaign_that_offers_it() {
    let first_only = json!([1]);
    let changes = [
        ("/campaigns/0/doses", first_only.clone()),
        ("/campaigns/1/doses", first_only),
        ("/campaigns/2/doses", json!([1, 2])),
    ];
    let mmr = programme(2, &changes);
    let child = with_dose(born("2020-01-01"), "mmr", 1, "mmr", "2026-01-10");
    let answer = eligibility(&mmr, &child, day("2026-11-27"), None);
    assert_eq!(
        answer,
        Eligibility::Not {
            why: Obstacle::NotInGroup { dose: 2 },
            advice: Obstacle::NotInGroup { dose: 2 }.advice(&mmr)
        }
    );
}

#[test]
fn the_reason_of_not_yet_is_that_of_the_day_before() {
    // The interval ends on 8 December, and the deferral on the 20th.
    let mmr = programme(2, &[]);
    let mut child = with_dose(born("2020-01-01"), "mmr", 1, "mmr", "2026-11-10");
    child.contraindications.push(DeclaredContraindication { id: "live-vaccine".into(), on: Some(day("2026-11-22")) });
    let until = day("2026-12-20");
    let why = Obstacle::Deferred { contraindication: "live-vaccine".into(), until };
    assert_eq!(
        eligibility(&mmr, &child, day("2026-11-27"), None),
        Eligibility::NotYet { from: until, why: why.clone() }
    );
    assert_eq!(
        why.words(&mmr),
        "You have to wait until 20 December 2026, because you answered yes to the question: Was there another live vaccine, \
         such as against yellow fever or chickenpox, in the last 4 weeks? On which day?"
    );
    assert_eq!(why.advice(&mmr), "Choose a day that is at least 4 weeks after the other vaccine.");
}

#[test]
fn answers_have_one_form_as_json() {
    let covid = programme(0, &[]);
    let answer =
        |on: &str| serde_json::to_value(eligibility(&covid, &born("1951-11-28"), day(on), None)).expect("JSON");
    assert_eq!(
        answer("2026-11-28"),
        json!({"answer": "eligible", "dose": 1, "vaccines": ["comirnaty", "spikevax", "nuvaxovid"], "campaign": "first-doses"})
    );
    assert_eq!(
        answer("2026-11-27"),
        json!({"answer": "not-yet", "from": "2026-11-28", "why": {"reason": "not-of-age-yet", "campaign": "first-doses", "atLeast": "75 years"}})
    );
    assert_eq!(answer("2027-12-01")["answer"], "not");
    let again: Eligibility = serde_json::from_value(answer("2027-12-01")).expect("an answer");
    assert_eq!(serde_json::to_value(again).expect("JSON"), answer("2027-12-01"));
}

#[test]
fn every_code_is_the_name_of_the_reason_on_the_wire() {
    for why in [
        Obstacle::TooYoung { at_least: "5 years".parse().expect("an age") },
        Obstacle::CourseComplete { doses: 2 },
        Obstacle::DeferredWithoutDay { contraindication: "fever".into() },
        Obstacle::NotAtSite { campaign: "a".into(), site: "A1".parse().expect("a code") },
    ] {
        assert_eq!(serde_json::to_value(&why).expect("JSON")["reason"], why.code());
    }
}

#[test]
fn the_second_dose_is_8_to_12_weeks_after_the_first() {
    let covid = programme(0, &[]);
    let person = born("1940-01-01");
    let second = together(&covid, &person, day("2026-11-27"), None);
    assert_eq!(second, Ok(SecondDates { dose: 2, from: day("2027-01-22"), until: day("2027-02-19") }));
    // The campaign ends on 31 March.
    let late = together(&covid, &person, day("2027-01-20"), None);
    assert_eq!(late, Ok(SecondDates { dose: 2, from: day("2027-03-17"), until: day("2027-03-31") }));
    assert_eq!(together(&covid, &person, day("2027-02-04"), None), Err(NotTogether::NoSecondDay));
    let last = together(&covid, &person, day("2027-02-03"), None);
    assert_eq!(last, Ok(SecondDates { dose: 2, from: day("2027-03-31"), until: day("2027-03-31") }));
}

#[test]
fn doses_are_booked_together_only_where_the_programme_says_so_and_from_the_first() {
    assert_eq!(
        together(&programme(2, &[]), &born("2020-01-01"), day("2026-11-27"), None),
        Err(NotTogether::NotInProgramme)
    );
    let covid = programme(0, &[]);
    let once = with_dose(born("1940-01-01"), "covid-19", 1, "comirnaty", "2026-01-10");
    assert_eq!(together(&covid, &once, day("2026-11-27"), None), Err(NotTogether::OtherDose { dose: 2 }));
    let young = together(&covid, &born("2000-01-01"), day("2026-11-27"), None);
    assert!(matches!(young, Err(NotTogether::FirstNotEligible(Eligibility::Not { .. }))), "{young:?}");
}

#[test]
fn facts_mask_themselves() {
    let mut facts = with_dose(born("1940-01-01"), "covid-19", 1, "comirnaty", "2026-01-10");
    facts.contraindications.push(DeclaredContraindication { id: "fever".into(), on: None });
    let shown = format!("{facts:?} {:?} {:?}", facts.doses, facts.contraindications);
    assert_eq!(shown, "PersonFacts(***) [GivenDose(***)] [DeclaredContraindication(***)]");
}
