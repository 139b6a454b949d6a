//! Each kind of finding has a small programme with one fault, which is found, and nothing else is.

use std::collections::BTreeSet;

use programmes::{Programme, ProgrammeDocument, ProgrammeFinding, ProgrammeFindingKind, check};
use serde_json::{Value, json};

/// A programme without faults: two vaccines, two doses, a season's worth of everything else.
fn sound() -> Value {
    let vaccine = |id: &str, ages: Value| json!({"id": id, "name": "Name", "manufacturer": "Maker", "ages": ages, "routes": ["oral"], "mayBeMixed": true});
    json!({
        "programme": "sore-thumb", "edition": 1, "title": "Sore thumbs", "about": "Against sore thumbs.",
        "vaccines": [vaccine("drops", json!({"atLeast": "2 months"})), vaccine("child-drops", json!({"lessThan": "12 years"}))],
        "schedule": [
            {"dose": 1, "minimumAge": "2 months", "vaccines": ["drops", "child-drops"]},
            {"dose": 2, "minimumAge": "3 months", "afterDays": {"minimum": 28, "recommended": 56}, "vaccines": ["drops"]}
        ],
        "bookTogether": {"first": 1, "second": 2, "minimumDays": 28, "maximumDays": 60},
        "contraindications": [
            {"id": "allergy", "question": "Allergy?", "effect": {"type": "excludes", "advice": "Call."}},
            {"id": "fever", "question": "Fever?", "effect": {"type": "defers", "days": 2, "advice": "Wait."}}
        ],
        "cohorts": [{"id": "carer", "label": "Carer", "words": "You are a carer.", "declared": true}],
        "campaigns": [
            {"id": "autumn", "label": "Autumn", "from": "2026-09-01", "until": "2026-10-31", "doses": [1, 2],
             "who": [{"ages": {"atLeast": "65 years"}}, {"cohort": "carer"}], "sites": ["A12345"]},
            {"id": "autumn", "label": "Autumn", "from": "2026-11-01", "until": "2026-12-31", "doses": [1, 2],
             "who": [{"ages": {"atLeast": "50 years"}, "agesOn": "2026-12-31"}]}
        ]
    })
}

/// A JSON pointer and the value to put there. A pointer that ends with `/-` adds to a list.
type Change = (&'static str, Value);

fn findings(changes: &[Change]) -> Vec<ProgrammeFinding> {
    let mut programme = sound();
    for (pointer, value) in changes {
        match pointer.strip_suffix("/-") {
            Some(list) => {
                programme.pointer_mut(list).and_then(Value::as_array_mut).expect("a list").push(value.clone())
            }
            None => {
                let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
                let parent = programme.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
                match parent.as_array_mut() {
                    Some(items) => items[member.parse::<usize>().expect("an index")] = value.clone(),
                    None => parent[member] = value.clone(),
                }
            }
        }
    }
    let text = programme.to_string();
    let document = ProgrammeDocument::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let findings = check(&document);
    assert_eq!(
        findings.is_empty(),
        Programme::parse(&text).is_ok(),
        "a programme is made of a document without findings"
    );
    findings
}

fn season(id: &str, from: &str, until: &str) -> Value {
    json!({"id": id, "from": from, "until": until})
}

/// For each kind, changes that cause it, and the sentence.
fn faults() -> Vec<(ProgrammeFindingKind, Vec<Change>, &'static str)> {
    use ProgrammeFindingKind::*;
    vec![
        (LimitExceeded, vec![("/edition", json!(0))], "The number of the edition is 0; the first edition is 1."),
        (LimitExceeded, vec![("/vaccines/0/routes", json!([]))], "Vaccine `drops` has 0 routes; it may have 1 to 5."),
        (
            LimitExceeded,
            vec![("/campaigns/0/sites", json!([]))],
            "Campaign `autumn` from 2026-09-01 has 0 sites; it may have 1 to 500.",
        ),
        (
            LimitExceeded,
            vec![("/contraindications/1/effect/days", json!(0))],
            "Contraindication `fever` has 0 days of deferral; it may have 1 to 3660.",
        ),
        (
            LimitExceeded,
            vec![("/bookTogether/maximumDays", json!(366))],
            "`bookTogether` has 366 days as maximum; it may have 1 to 365.",
        ),
        (
            LimitExceeded,
            vec![("/about", json!("x".repeat(1_001)))],
            "The programme has a description of more than 1000 characters.",
        ),
        (
            MalformedId,
            vec![("/programme", json!("Sore thumb"))],
            "The id `Sore thumb` is not made of 1 to 38 characters a-z, 0-9 and -, of which the first is not -.",
        ),
        (
            MalformedId,
            vec![("/contraindications/0/id", json!("-a"))],
            "The id `-a` is not made of 1 to 60 characters a-z, 0-9 and -, of which the first is not -.",
        ),
        (
            DuplicateId,
            vec![("/contraindications/1/id", json!("allergy"))],
            "There are two contraindications `allergy`.",
        ),
        (
            DuplicateId,
            vec![("/campaigns/0/doses", json!([1, 2, 2]))],
            "Campaign `autumn` from 2026-09-01 has the dose `2` twice.",
        ),
        (
            DuplicateId,
            vec![("/vaccines/0/routes", json!(["oral", "oral"]))],
            "Vaccine `drops` has the route `oral` twice.",
        ),
        (
            UnknownReference,
            vec![("/schedule/1/vaccines/0", json!("drop"))],
            "Dose 2 has the vaccine `drop`, which does not exist.",
        ),
        (
            UnknownReference,
            vec![("/campaigns/0/who/1/cohort", json!("carers"))],
            "Group 2 of campaign `autumn` from 2026-09-01 has the cohort `carers`, which does not exist.",
        ),
        (
            UnknownReference,
            vec![("/campaigns/0/doses/-", json!(3))],
            "Campaign `autumn` from 2026-09-01 has dose 3, which is not in the schedule.",
        ),
        (MissingText, vec![("/campaigns/0/label", json!(" "))], "Campaign `autumn` from 2026-09-01 has no label."),
        (
            MissingText,
            vec![("/contraindications/0/effect/advice", json!(""))],
            "Contraindication `allergy` has no advice.",
        ),
        (
            MalformedCode,
            vec![(
                "/vaccines/0/pass",
                json!({"tg": "840539006", "vp": "J07BX03", "mp": "EU/1/20/15280000", "ma": "ORG-100030215"}),
            )],
            "Vaccine `drops` has the code `mp` with the value `EU/1/20/15280000`, which has not the form of its value set.",
        ),
        (
            MalformedCode,
            vec![(
                "/vaccines/0/pass",
                json!({"tg": "covid", "vp": "1119349007", "mp": "EU/1/20/1528", "ma": "ORG-100030215"}),
            )],
            "Vaccine `drops` has the code `tg` with the value `covid`, which has not the form of its value set.",
        ),
        (
            DoseNumbers,
            vec![
                ("/schedule/1/dose", json!(3)),
                ("/schedule/1/upTo", json!(4)),
                ("/bookTogether", json!(null)),
                ("/campaigns/0/doses", json!([1, 3, 4])),
                ("/campaigns/1/doses", json!([1])),
            ],
            "The schedule goes on with dose 3; the next number is 2.",
        ),
        (
            DoseNumbers,
            vec![("/schedule/1/upTo", json!(10))],
            "The schedule has doses 2 to 10; numbers are 1 to 9, the smaller one first.",
        ),
        (
            DoseNumbers,
            vec![("/bookTogether/second", json!(1))],
            "`bookTogether` has doses 1 and 1, which do not follow each other.",
        ),
        (
            EmptyAges,
            vec![("/vaccines/1/ages", json!({"atLeast": "12 years", "lessThan": "144 months"}))],
            "Vaccine `child-drops` has the ages from 12 years to before 144 months, which is no age.",
        ),
        (
            EmptyAges,
            vec![("/campaigns/0/who/0/ages", json!({}))],
            "Group 1 of campaign `autumn` from 2026-09-01 has ages without `atLeast` and `lessThan`. Every age is {\"atLeast\": \"0 years\"}.",
        ),
        (
            InvertedDates,
            vec![("/campaigns/0/until", json!("2026-08-31"))],
            "Campaign `autumn` begins on 2026-09-01, after its last day, 2026-08-31.",
        ),
        (
            OverlappingDates,
            vec![("/campaigns/0/until", json!("2026-11-01"))],
            "Campaign `autumn` has two phases that overlap, from 2026-09-01 and from 2026-11-01.",
        ),
        (
            OverlappingDates,
            vec![(
                "/seasons",
                json!([season("a", "2026-09-01", "2026-12-31"), season("b", "2026-12-31", "2027-02-01")]),
            )],
            "Seasons `a` and `b` overlap.",
        ),
        (
            UnequalPhases,
            vec![("/campaigns/1/once", json!(true))],
            "Campaign `autumn` has `once` in the phase from 2026-09-01 or in that from 2026-11-01, but not in both.",
        ),
        (
            OutsideSeasons,
            vec![("/seasons", json!([season("a", "2026-09-01", "2026-12-30")]))],
            "Campaign `autumn` from 2026-11-01 is not within one season.",
        ),
        (
            ContradictingIntervals,
            vec![("/schedule/1/afterDays/recommended", json!(27))],
            "Dose 2 has a recommended interval of 27 days, which is less than the minimum of 28.",
        ),
        (
            ContradictingIntervals,
            vec![("/schedule/1/afterDays", json!(null))],
            "Dose 2 has no interval to the dose before (`afterDays`).",
        ),
        (
            ContradictingIntervals,
            vec![("/schedule/0/afterDays", json!({"minimum": 1}))],
            "Dose 1 has an interval, but no dose before it, because there are no seasons.",
        ),
        (
            ContradictingIntervals,
            vec![("/bookTogether/minimumDays", json!(27))],
            "`bookTogether` has a minimum of 27 days, but dose 2 is 28 days after dose 1.",
        ),
        (
            ContradictingIntervals,
            vec![("/bookTogether/minimumDays", json!(61))],
            "`bookTogether` has a minimum of 61 days and a maximum of 60.",
        ),
        (
            IncompleteGroup,
            vec![("/campaigns/0/who/-", json!({}))],
            "Group 3 of campaign `autumn` from 2026-09-01 has neither `ages` nor `cohort`.",
        ),
        (
            IncompleteGroup,
            vec![("/campaigns/0/who/1/agesOn", json!("2026-12-31"))],
            "Group 2 of campaign `autumn` from 2026-09-01 has a day `agesOn`, but no `ages`.",
        ),
        (
            CampaignNeverHolds,
            vec![
                ("/campaigns/1/who/0", json!({"ages": {"lessThan": "2 months"}})),
                ("/campaigns/1/who/-", json!({"cohort": "carer"})),
            ],
            "Group 1 of campaign `autumn` from 2026-11-01 has no age for any dose of the campaign.",
        ),
        (
            CampaignNeverHolds,
            vec![("/campaigns/1/who/0", json!({"ages": {"lessThan": "3 months"}}))],
            "Campaign `autumn` from 2026-11-01 offers dose 2 to nobody: none of its groups has an age for it.",
        ),
        (
            DoseNeverOffered,
            vec![("/campaigns/0/doses", json!([1])), ("/campaigns/1/doses", json!([1]))],
            "No campaign offers dose 2.",
        ),
        (
            VaccineNeverFits,
            vec![("/schedule/1/minimumAge", json!("12 years")), ("/schedule/1/vaccines/-", json!("child-drops"))],
            "Dose 2 begins at 12 years, when nobody can have its vaccine `child-drops` any more.",
        ),
        (UnusedEntry, vec![("/schedule/0/vaccines", json!(["drops"]))], "No dose has the vaccine `child-drops`."),
        (
            UnusedEntry,
            vec![("/campaigns/0/who", json!([{"ages": {"atLeast": "65 years"}}]))],
            "No campaign has the cohort `carer`.",
        ),
    ]
}

#[test]
fn a_sound_programme_has_no_findings() {
    assert_eq!(findings(&[]), []);
}

#[test]
fn every_kind_of_fault_is_found_and_said_in_a_sentence() {
    let mut kinds = BTreeSet::new();
    for (kind, changes, sentence) in faults() {
        let found = findings(&changes);
        let seen: Vec<_> = found.iter().map(|finding| (finding.kind, finding.message.as_str())).collect();
        assert_eq!(seen, [(kind, sentence)], "{changes:?}");
        kinds.insert(kind);
    }
    assert_eq!(kinds, BTreeSet::from(ProgrammeFindingKind::ALL));
}

#[test]
fn ages_on_another_day_widen_the_ages_of_a_campaign() {
    // Under 2 months on 1 September is up to 4 months in November, when dose 2 can be given, but not at the first of its days.
    let on = |until: &str| {
        findings(&[
            ("/campaigns/0/until", json!("2026-09-30")),
            ("/campaigns/1/from", json!("2026-10-01")),
            ("/campaigns/1/until", json!(until)),
            ("/campaigns/1/who/0", json!({"ages": {"lessThan": "2 months"}, "agesOn": "2026-09-01"})),
        ])
    };
    assert_eq!(on("2026-12-31"), []);
    let early = [("/campaigns/1/who/0", json!({"ages": {"lessThan": "1 month"}, "agesOn": "2027-06-01"}))];
    assert_eq!(findings(&early).len(), 3, "nobody is born yet");
}

#[test]
fn what_is_not_a_programme_is_refused_with_the_place() {
    let refused = |pointer: &str, value: Value| {
        let mut programme = sound();
        *programme.pointer_mut(pointer).expect(pointer) = value;
        ProgrammeDocument::parse(&programme.to_string()).expect_err(pointer).to_string()
    };
    for (pointer, value, why) in [
        ("/schedule/0/minimumAge", json!("2 weeks"), "an age is months up to 1560 or years up to 130"),
        ("/campaigns/0/from", json!("2026-02-29"), "a date is ISO 8601"),
        ("/campaigns/0/sites/0", json!("a1"), "the code of an organisation is 1 to 10 characters"),
        ("/vaccines/0/routes/0", json!("by-mouth"), "unknown variant `by-mouth`"),
        ("/contraindications/0/effect/type", json!("warns"), "unknown variant `warns`"),
        (
            "/contraindications/0/effect",
            json!({"type": "excludes", "days": 2, "advice": "Call."}),
            "unknown field `days`",
        ),
        ("/schedule/0/dose", json!(256), "expected u8"),
        (
            "/cohorts/0",
            json!({"id": "carer", "label": "Carer", "words": "You are a carer."}),
            "missing field `declared`",
        ),
    ] {
        let error = refused(pointer, value);
        assert!(error.starts_with("this is not an edition of a programme: "), "{error}");
        assert!(error.contains(why) && error.contains("line 1"), "{pointer}: {error}");
    }
    let twice = sound().to_string().replacen("\"edition\":1", "\"edition\":1,\"edition\":2", 1);
    assert!(ProgrammeDocument::parse(&twice).expect_err("refused").to_string().contains("duplicate field `edition`"));
    assert!(ProgrammeDocument::parse(&" ".repeat(600 * 1024)).is_err());
}
