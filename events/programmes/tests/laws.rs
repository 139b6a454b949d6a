//! The law of eligibility: `from` is the first day, and the answer of every day is that of a slow second implementation, on random
//! programmes and people.

use std::collections::BTreeSet;

use event_core::{LocalDate, OrganisationCode};
use programmes::{
    AgeLimit, Campaign, ContraindicationEffect, DeclaredContraindication, EDITIONS, Eligibility, GivenDose,
    NotTogether, PersonFacts, Programme, ProgrammeDocument, SecondDates, eligibility, together,
};
use proptest::{collection, prelude::*};
use serde_json::{Value, json};

/// The days that are tried one by one: the dates of random programmes lie among them.
const FIRST: &str = "2026-01-01";
const DAYS: i64 = 1_000;

fn day(number: i64) -> LocalDate {
    FIRST.parse::<LocalDate>().expect("a day").plus_days(number)
}

/// The age in whole months, counted month by month from the birth.
fn months(born: LocalDate, on: LocalDate) -> u16 {
    let (from, to) = (born.civil(), on.civil());
    let whole = (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month()) - i32::from(from.month());
    // A birthday on the 31st is on the first of the next month where the month has none, so the days can be compared.
    u16::try_from(whole - i32::from(to.day() < from.day())).expect("not before the birth")
}

fn has_age(born: LocalDate, on: LocalDate, at_least: Option<AgeLimit>, less_than: Option<AgeLimit>) -> bool {
    born <= on
        && at_least.is_none_or(|age| months(born, on) >= age.months())
        && less_than.is_none_or(|age| months(born, on) < age.months())
}

/// The dose of a day by the words of README.md, without reasons.
fn slow(
    document: &ProgrammeDocument,
    facts: &PersonFacts,
    on: LocalDate,
    site: Option<&OrganisationCode>,
) -> Option<(u8, String, Vec<String>)> {
    for declared in &facts.contraindications {
        let known = document.contraindications.iter().find(|known| known.id == declared.id)?;
        match known.effect {
            ContraindicationEffect::Excludes { .. } => return None,
            ContraindicationEffect::Defers { days, .. } if on.days_since(declared.on?) < i64::from(days) => {
                return None;
            }
            ContraindicationEffect::Defers { .. } => {}
        }
    }
    let own: Vec<&GivenDose> = facts.doses.iter().filter(|dose| dose.programme == document.programme).collect();
    let season = |on: LocalDate| document.seasons.iter().position(|season| season.from <= on && on <= season.until);
    let counts =
        |dose: &&&GivenDose| document.seasons.is_empty() || season(on).is_some() && season(dose.on) == season(on);
    let number = own.iter().filter(counts).map(|dose| dose.number).max().unwrap_or(0) + 1;
    let scheduled =
        document.schedule.iter().find(|entry| entry.dose <= number && number <= entry.up_to.unwrap_or(entry.dose))?;
    if !has_age(facts.born, on, Some(scheduled.minimum_age), None) {
        return None;
    }
    let last = own.iter().max_by_key(|dose| (dose.on, dose.number));
    let days = scheduled.after_days.map_or(1, |interval| i64::from(interval.minimum));
    if last.is_some_and(|last| on.days_since(last.on) < days) {
        return None;
    }
    let fit = |id: &String| {
        let vaccine = document.vaccines.iter().find(|vaccine| vaccine.id == *id)?;
        has_age(facts.born, on, vaccine.ages.at_least, vaccine.ages.less_than).then_some(vaccine)
    };
    let all: Vec<_> = scheduled.vaccines.iter().filter_map(fit).collect();
    let before = all.iter().find(|vaccine| last.is_some_and(|last| last.vaccine == vaccine.id));
    let mixes = |id: &str| {
        before.is_none_or(|before| {
            before.id == id || before.may_be_mixed && all.iter().any(|one| one.id == id && one.may_be_mixed)
        })
    };
    let vaccines: Vec<String> = all.iter().map(|vaccine| vaccine.id.clone()).filter(|id| mixes(id)).collect();
    let offers = |campaign: &&Campaign| {
        let in_a_group = campaign.who.iter().any(|group| {
            let ages = group.ages.as_ref();
            group.cohort.as_ref().is_none_or(|cohort| facts.cohorts.contains(cohort))
                && ages
                    .is_none_or(|ages| has_age(facts.born, group.ages_on.unwrap_or(on), ages.at_least, ages.less_than))
        });
        let phases = document.campaigns.iter().filter(|phase| phase.id == campaign.id);
        let had = phases.flat_map(|phase| {
            own.iter().filter(move |dose| {
                phase.from <= dose.on && dose.on <= phase.until && phase.doses.contains(&dose.number)
            })
        });
        campaign.doses.contains(&number)
            && campaign.from <= on
            && on <= campaign.until
            && in_a_group
            && !(campaign.once && had.count() > 0)
            && site.is_none_or(|site| campaign.sites.as_ref().is_none_or(|sites| sites.contains(site)))
    };
    let campaign = document.campaigns.iter().find(offers).filter(|_| !vaccines.is_empty())?;
    Some((number, campaign.id.clone(), vaccines))
}

/// The demonstration programme with this number, with changed campaigns, ages and intervals, if that is in order.
fn programme(which: usize, dice: &[u16]) -> Programme {
    let (name, text) = EDITIONS[which];
    let mut document: Value = serde_json::from_str(text).expect("JSON");
    let roll = |at: usize, sides: u16| dice[at % dice.len()] % sides;
    let campaigns = document["campaigns"].as_array_mut().expect("campaigns");
    for (at, campaign) in campaigns.iter_mut().enumerate() {
        if which != 1 && roll(at, 3) == 0 {
            let from = i64::from(roll(at + 7, 700));
            campaign["from"] = json!(day(from).to_string());
            campaign["until"] = json!(day(from + i64::from(roll(at + 3, 200))).to_string());
            campaign["id"] = json!(format!("changed-{at}"));
        }
        campaign["once"] = json!(
            roll(at + 1, 2) == 0 && campaign["id"].as_str().is_some_and(|id| id.starts_with("changed"))
                || campaign["once"] == true
        );
        if roll(at + 2, 3) == 0 {
            let years = 1 + roll(at + 5, 80);
            campaign["who"]
                .as_array_mut()
                .expect("groups")
                .push(json!({"ages": {"atLeast": format!("{} months", 12 * years + roll(at, 12))}}));
        }
    }
    document["schedule"][0]["minimumAge"] = json!(format!("{} months", 2 + roll(3, 100)));
    if roll(4, 2) == 0 && which != 1 {
        document["schedule"][1]["afterDays"]["minimum"] = json!(1 + roll(5, 40));
    }
    Programme::parse(&document.to_string()).unwrap_or_else(|_| Programme::parse(text).expect(name))
}

fn person(programme: &Programme, dice: &[u16]) -> PersonFacts {
    let document = programme.document();
    let roll = |at: usize, sides: usize| usize::from(dice[at]) % sides;
    // Some are born on days that not all months have.
    let years = i64::from(dice[0] % 95);
    let special = ["2024-02-29", "2025-08-31", "1952-02-29"].map(|text| text.parse::<LocalDate>().expect("a day"));
    let any = day(-365 * years - i64::from(dice[1] % 700));
    let born = if roll(2, 4) == 0 { special[roll(3, 3)] } else { any };
    let cohorts =
        document.cohorts.iter().enumerate().filter(|(at, _)| roll(4 + at, 2) == 0).map(|(_, cohort)| cohort.id.clone());
    let declared = document.contraindications.iter().enumerate().filter(|(at, _)| roll(8 + at, 20) == 0);
    let contraindications = declared.map(|(at, known)| DeclaredContraindication {
        id: known.id.clone(),
        on: (roll(13, 12) > 0).then(|| day(i64::from(dice[14 + at] % 900))),
    });
    let count = u8::try_from(roll(20, 9) / 2).expect("small");
    let mut on = i64::from(dice[21] % 900) - 300;
    let doses = (1..=count).map(|number| {
        on += i64::from(dice[22 + usize::from(number)] % 200);
        let programme = if roll(28, 8) == 0 { "another" } else { programme.id() };
        let vaccine = document.vaccines[roll(29, document.vaccines.len())].id.clone();
        GivenDose {
            programme: programme.into(),
            number: if document.seasons.is_empty() { number } else { 1 },
            vaccine,
            on: day(on),
        }
    });
    PersonFacts {
        born,
        cohorts: cohorts.collect(),
        contraindications: contraindications.collect(),
        doses: doses.collect(),
    }
}

fn eligible_on(programme: &Programme, facts: &PersonFacts, on: LocalDate, site: Option<&OrganisationCode>) -> bool {
    matches!(eligibility(programme, facts, on, site), Eligibility::Eligible { .. })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn from_is_the_first_day_on_which_the_same_person_is_eligible(
        which in 0_usize..3, changes in collection::vec(any::<u16>(), 16), dice in collection::vec(any::<u16>(), 32),
        on in 0..DAYS, sited in 0..3,
    ) {
        let (programme, site) = (programme(which, &changes), "HALL1".parse().expect("a code"));
        let (facts, site) = (person(&programme, &dice), (sited == 0).then_some(&site));
        let by_slow = |on: i64| slow(programme.document(), &facts, day(on), site);
        // Nothing begins after these days, except birthdays: the campaigns of children go on until 2035.
        let end = if which == 2 { 3_700 } else { DAYS };
        match eligibility(&programme, &facts, day(on), site) {
            Eligibility::Eligible { dose, vaccines, campaign } => {
                prop_assert_eq!(by_slow(on), Some((dose, campaign, vaccines)));
            }
            Eligibility::NotYet { from, why } => {
                let first = from.days_since(day(0));
                prop_assert!(first > on);
                prop_assert_eq!((on..first).find(|on| by_slow(*on).is_some()), None, "{:?}", why);
                prop_assert!(by_slow(first).is_some(), "{} {:?}", from, why);
                prop_assert!(eligible_on(&programme, &facts, from, site));
                // The reason is that of the day before, and the days between have the same answer.
                for between in [on, (on + first) / 2, first - 1] {
                    let answer = eligibility(&programme, &facts, day(between), site);
                    prop_assert_eq!(answer, Eligibility::NotYet { from, why: why.clone() });
                }
                prop_assert!(!why.words(&programme).is_empty() && !why.advice(&programme).is_empty());
            }
            Eligibility::Not { why, advice } => {
                prop_assert_eq!((on..end).find(|on| by_slow(*on).is_some()), None, "{:?}", why);
                prop_assert!(!why.words(&programme).is_empty() && !advice.is_empty());
            }
        }
    }

    #[test]
    fn the_days_for_the_second_dose_are_those_on_which_it_can_be_given(
        changes in collection::vec(any::<u16>(), 16), dice in collection::vec(any::<u16>(), 32), first in 0..DAYS,
    ) {
        let programme = programme(0, &changes);
        let mut facts = person(&programme, &dice);
        facts.doses.clear();
        let pair = programme.document().book_together.expect("two doses");
        let answer = eligibility(&programme, &facts, day(first), None);
        let second = together(&programme, &facts, day(first), None);
        let Eligibility::Eligible { vaccines, .. } = answer else {
            prop_assert_eq!(second, Err(NotTogether::FirstNotEligible(answer)));
            return Ok(());
        };
        let fits = |days: i64| vaccines.iter().all(|vaccine| {
            let mut facts = facts.clone();
            facts.doses.push(GivenDose { programme: "covid-19".into(), number: 1, vaccine: vaccine.clone(), on: day(first) });
            slow(programme.document(), &facts, day(first + days), None).is_some_and(|(dose, ..)| dose == 2)
        });
        let allowed = i64::from(pair.minimum_days)..=i64::from(pair.maximum_days);
        let possible: BTreeSet<i64> = allowed.filter(|days| fits(*days)).collect();
        match second {
            Ok(SecondDates { dose, from, until }) => {
                let (from, until) = (from.days_since(day(first)), until.days_since(day(first)));
                prop_assert_eq!((dose, Some(&from)), (2, possible.first()));
                prop_assert!((from..=until).all(|days| possible.contains(&days)) && !possible.contains(&(until + 1)));
            }
            Err(fault) => prop_assert!(fault == NotTogether::NoSecondDay && possible.is_empty(), "{fault}"),
        }
    }
}
