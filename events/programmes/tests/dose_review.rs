//! Doses that are recorded: what is refused, and what is recorded as outside of the schedule.

use programmes::{
    DeclaredContraindication, DoseFault, EDITIONS, GivenDose, NewDose, Obstacle, OutsideSchedule, PersonFacts,
    Programme, VaccineRoute, review_dose,
};

const TODAY: &str = "2026-11-27";

fn programme(which: usize) -> Programme {
    Programme::parse(EDITIONS[which].1).expect("in order")
}

fn person(born: &str, doses: &[(&str, u8, &str, &str)]) -> PersonFacts {
    let dose = |(programme, number, vaccine, on): &(&str, u8, &str, &str)| GivenDose {
        programme: (*programme).into(),
        number: *number,
        vaccine: (*vaccine).into(),
        on: on.parse().expect("a day"),
    };
    PersonFacts {
        born: born.parse().expect("a day"),
        cohorts: Vec::new(),
        contraindications: Vec::new(),
        doses: doses.iter().map(dose).collect(),
    }
}

fn given(vaccine: &str, number: u8, on: &str) -> NewDose {
    NewDose {
        vaccine: vaccine.into(),
        number,
        lot: "EL1484".parse().expect("a lot"),
        expiry: "2027-06-30".parse().expect("a day"),
        on: on.parse().expect("a day"),
        route: VaccineRoute::Intramuscular,
        site: "A12345".parse().expect("a code"),
    }
}

fn review(which: usize, facts: &PersonFacts, dose: &NewDose) -> Result<Vec<OutsideSchedule>, Vec<DoseFault>> {
    review_dose(&programme(which), facts, dose, TODAY.parse().expect("a day"))
}

#[test]
fn a_dose_within_the_programme_is_recorded_without_remarks() {
    let person = person("1940-01-01", &[("covid-19", 1, "comirnaty", "2026-11-01")]);
    assert_eq!(review(0, &person, &given("spikevax", 2, "2026-11-22")), Ok(vec![]));
}

#[test]
fn the_same_dose_twice_is_refused() {
    let once = person("1940-01-01", &[("covid-19", 1, "comirnaty", "2026-10-01")]);
    let on = "2026-10-01".parse().expect("a day");
    assert_eq!(
        review(0, &once, &given("comirnaty", 1, "2026-11-10")),
        Err(vec![DoseFault::NumberGiven { number: 1, on }])
    );
    assert_eq!(
        review(0, &once, &given("comirnaty", 1, "2026-10-01")),
        Err(vec![DoseFault::NumberGiven { number: 1, on }])
    );
    assert_eq!(review(0, &once, &given("comirnaty", 2, "2026-10-01")), Err(vec![DoseFault::DayGiven { number: 1 }]));
    // The doses of other programmes are others.
    let flu = person("1940-01-01", &[("influenza", 1, "cell-based", "2026-11-10")]);
    assert_eq!(review(0, &flu, &given("comirnaty", 1, "2026-11-10")), Ok(vec![]));
}

#[test]
fn a_dose_that_is_corrected_is_reviewed_without_itself() {
    let nothing = person("1940-01-01", &[]);
    assert_eq!(review(0, &nothing, &given("comirnaty", 1, "2026-10-02")), Ok(vec![]));
}

#[test]
fn numbers_follow_each_other_in_the_order_of_days() {
    let nothing = person("1940-01-01", &[]);
    for (number, fault) in [
        (0, DoseFault::NumberOutOfRange { number: 0 }),
        (2, DoseFault::NumberSkips { number: 2, missing: 1 }),
        (10, DoseFault::NumberOutOfRange { number: 10 }),
    ] {
        assert_eq!(review(0, &nothing, &given("comirnaty", number, "2026-11-10")), Err(vec![fault]));
    }
    let once = person("1940-01-01", &[("covid-19", 1, "comirnaty", "2026-10-01")]);
    let on = "2026-10-01".parse().expect("a day");
    assert_eq!(
        review(0, &once, &given("comirnaty", 2, "2026-09-30")),
        Err(vec![DoseFault::OrderReversed { other: 1, on }])
    );
    // The dose that was missing is recorded afterwards.
    let second = person("1940-01-01", &[("covid-19", 2, "comirnaty", "2026-10-01")]);
    assert_eq!(review(0, &second, &given("comirnaty", 1, "2026-08-01")), Ok(vec![]));
    let known_from_2 = person("1940-01-01", &[("covid-19", 2, "comirnaty", "2026-05-01")]);
    assert_eq!(review(0, &known_from_2, &given("comirnaty", 3, "2026-11-10")), Ok(vec![]));
    let skipped = review(0, &known_from_2, &given("comirnaty", 4, "2026-11-10"));
    assert_eq!(skipped, Err(vec![DoseFault::NumberSkips { number: 4, missing: 3 }]));
    assert_eq!(
        review(0, &second, &given("comirnaty", 1, "2026-10-02")),
        Err(vec![DoseFault::OrderReversed { other: 2, on }])
    );
}

#[test]
fn numbers_are_counted_within_a_season() {
    let last_season = person("1940-01-01", &[("influenza", 1, "cell-based", "2025-10-20")]);
    assert_eq!(review(1, &last_season, &given("cell-based", 1, "2026-10-20")), Ok(vec![]));
    let this_season = person("1940-01-01", &[("influenza", 1, "cell-based", "2026-10-20")]);
    let on = "2026-10-20".parse().expect("a day");
    assert_eq!(
        review(1, &this_season, &given("cell-based", 1, "2026-11-20")),
        Err(vec![DoseFault::NumberGiven { number: 1, on }])
    );
    let second = review(1, &this_season, &given("cell-based", 2, "2026-11-20")).expect("recorded");
    let not_offered = OutsideSchedule::OutsideCampaigns { obstacle: Obstacle::NotOffered { dose: 2 } };
    assert_eq!(second, [OutsideSchedule::NumberNotScheduled { number: 2 }, not_offered]);
}

#[test]
fn vaccine_route_lot_and_day_are_checked_and_all_faults_are_said() {
    let nothing = person("1940-01-01", &[]);
    let faults = |change: &dyn Fn(&mut NewDose)| {
        let mut dose = given("comirnaty", 1, "2026-11-10");
        change(&mut dose);
        review(0, &nothing, &dose).err().unwrap_or_default()
    };
    let day = |text: &str| text.parse().expect("a day");
    assert_eq!(faults(&|dose| dose.vaccine = "mmr".into()), [DoseFault::UnknownVaccine { vaccine: "mmr".into() }]);
    assert_eq!(
        faults(&|dose| dose.route = VaccineRoute::Oral),
        [DoseFault::RouteNotOfVaccine { route: VaccineRoute::Oral }]
    );
    assert_eq!(faults(&|dose| dose.expiry = day("2026-11-10")), [], "the day of expiry is the last one");
    assert_eq!(faults(&|dose| dose.expiry = day("2026-11-09")), [DoseFault::LotExpired { expiry: day("2026-11-09") }]);
    assert_eq!(faults(&|dose| dose.on = day("2026-11-27")), [], "today");
    assert_eq!(faults(&|dose| dose.on = day("2026-11-28")), [DoseFault::InTheFuture { on: day("2026-11-28") }]);
    assert_eq!(faults(&|dose| dose.on = day("1939-12-31")), [DoseFault::BeforeBirth { on: day("1939-12-31") }]);
    let many = faults(&|dose| {
        dose.route = VaccineRoute::Oral;
        dose.expiry = day("2026-01-01");
        dose.number = 3;
    });
    assert_eq!(many.len(), 3);
    assert_eq!(many[1].to_string(), "the lot expired on 2026-01-01, before the day of the dose");
}

#[test]
fn a_dose_outside_of_the_schedule_is_recorded_with_the_reasons() {
    let mut child = person("2019-05-05", &[("covid-19", 1, "nuvaxovid", "2026-11-08")]);
    child.contraindications.push(DeclaredContraindication { id: "heart-inflammation".into(), on: None });
    let reasons = review(0, &child, &given("comirnaty", 2, "2026-11-27")).expect("recorded");
    let since = "2026-11-08".parse().expect("a day");
    assert_eq!(
        reasons,
        [
            OutsideSchedule::BeforeInterval { days: 21, since },
            OutsideSchedule::OutsideAgesOfVaccine { vaccine: "comirnaty".into() },
            OutsideSchedule::Contraindicated { contraindication: "heart-inflammation".into() },
            OutsideSchedule::OutsideCampaigns { obstacle: Obstacle::NotInGroup { dose: 2 } },
        ]
    );
    let adult = person("1940-01-01", &[("covid-19", 1, "nuvaxovid", "2026-10-01")]);
    let mixed = review(0, &adult, &given("comirnaty", 2, "2026-11-10"));
    assert_eq!(mixed, Ok(vec![OutsideSchedule::Mixed { before: "nuvaxovid".into() }]));
    let booster =
        person("1940-01-01", &[("covid-19", 1, "comirnaty", "2021-02-01"), ("covid-19", 2, "comirnaty", "2021-04-20")]);
    let other = review(0, &booster, &given("nuvaxovid", 3, "2026-11-10"));
    assert_eq!(other, Ok(vec![OutsideSchedule::VaccineNotForDose { vaccine: "nuvaxovid".into() }]));
    let infant = person("2026-01-20", &[]);
    let early = review(2, &infant, &given("mmr", 1, "2026-11-20")).expect("recorded");
    assert_eq!(early[0], OutsideSchedule::BelowMinimumAge { at_least: "12 months".parse().expect("an age") });
}

#[test]
fn a_dose_is_judged_by_the_doses_before_it() {
    let later = person("1940-01-01", &[("covid-19", 2, "comirnaty", "2026-10-01")]);
    assert_eq!(review(0, &later, &given("comirnaty", 1, "2026-09-20")), Ok(vec![]));
}

#[test]
fn a_dose_at_a_site_that_the_campaign_does_not_have_is_outside() {
    let person =
        person("1970-03-03", &[("covid-19", 1, "comirnaty", "2021-02-01"), ("covid-19", 2, "comirnaty", "2021-04-20")]);
    let reasons = review(0, &person, &given("comirnaty", 3, "2026-11-10")).expect("recorded");
    let site = "A12345".parse().expect("a code");
    let elsewhere = Obstacle::NotAtSite { campaign: "town-hall-2026".into(), site };
    assert_eq!(reasons, [OutsideSchedule::OutsideCampaigns { obstacle: elsewhere }]);
}
