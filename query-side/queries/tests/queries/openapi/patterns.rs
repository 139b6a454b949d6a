//! Every text that the document describes by a pattern is read by exactly that rule: the schema and the reader accept
//! the same texts. An exception that no schema can express is listed here with its reason.

use std::str::FromStr;

use event_core::{
    LocalDate, LogPosition, OrganisationCode, StreamName, SubjectId, Timestamp, strictness::strictly, text::Line,
    time::LocalTime,
};
use jsonschema::Validator;
use passes::{CountryCode, HolderText, KeyId, MrzName, PassBirthDate, RevocationHash, Uvci};
use pathways::ContentHash;
use programmes::{AgeLimit, LotNumber};
use proptest::{
    prelude::*,
    sample::Index,
    string::string_regex,
    test_runner::{Config, TestRunner},
};
use uuid::Uuid;
use vocabulary::{
    PractitionerId, SessionId,
    appointments::ServiceType,
    bookings_version::BookingsVersion,
    carers::CarerId,
    contacts::{EmailAddress, PhoneNumber},
    messages::{MessageBody, MessageId, MessageRequestId, MessageTitle, ReplyKeyword, ReplyText},
    prescriptions::{
        DoseText, MedicineCode, MedicineName, PlanId, PrescriptionId, QuantityText, RefusalReason, RepeatRequestId,
        RequestNote,
    },
    symptom_checks::{
        AnswerText, ClaimCode, ClaimHash, PathwayItemId, PathwayReleaseId, SymptomCheckId, SymptomCheckNumber,
    },
    text::{Comment, NhsNumber, PersonName, Reason},
    vaccinations::{DoseId, DoseReason, PassId, ProgrammeId, ProgrammeItemId, VaccinatorName, VaccineId, VaccineLot},
};

use super::*;
use query_engine::{context::Freshness, page::Paging, parameters::Given};

/// Texts of each kind. Many are near the edges of the rule: `HOSTILE` is put into them.
const CASES: u32 = 400;

/// Characters at which a pattern and a parser are most likely to differ: line ends, blanks and controls of several
/// kinds, digits and letters of other scripts, invisible characters, and those that need two units in UTF-16.
const HOSTILE: &[char] = &[
    '\n',
    '\r',
    '\t',
    '\0',
    '\u{7f}',
    '\u{85}',
    ' ',
    '\u{a0}',
    '\u{ad}',
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{200e}',
    '\u{2028}',
    '\u{202e}',
    '\u{2800}',
    '\u{3000}',
    '\u{3164}',
    '\u{feff}',
    '\u{110bd}',
    '\u{1343f}',
    '\u{e0041}',
    '😀',
    '0',
    '1',
    '2',
    '3',
    '6',
    '9',
    'a',
    'z',
    'A',
    'I',
    'O',
    'Z',
    'é',
    '٣',
    '１',
    '-',
    '.',
    ':',
    '{',
    '~',
    '!',
    '_',
    '+',
];

/// The texts that are excepted, and the reason.
type Exception = (fn(&str) -> bool, &'static str);

struct Reader {
    /// The component: of the schemas, or of the parameters.
    name: &'static str,
    accepts: fn(&str) -> bool,
    /// The texts on which schema and reader differ, and the reason why no schema can express it.
    except: Option<Exception>,
}

const fn reader(name: &'static str, accepts: fn(&str) -> bool) -> Reader {
    Reader { name, accepts, except: None }
}

const SCHEMAS: &[Reader] = &[
    reader("AgeLimit", strict::<AgeLimit>),
    reader("AnswerTextInput", strict::<AnswerText>),
    reader("BookingsVersion", strict::<BookingsVersion>),
    reader("CarerId", strict::<CarerId>),
    reader("ClaimCode", strict::<ClaimCode>),
    reader("ClaimHash", strict::<ClaimHash>),
    reader("CommentInput", strict::<Comment>),
    reader("ContentHash", strict::<ContentHash>),
    reader("CountryCode", strict::<CountryCode>),
    reader("DoseId", strict::<DoseId>),
    reader("DoseReasonInput", strict::<DoseReason>),
    reader("DoseTextInput", strict::<DoseText>),
    reader("EmailAddress", strict::<EmailAddress>),
    reader("HolderTextInput", strict::<HolderText>),
    reader("KeyId", strict::<KeyId>),
    reader("LineInput", strict::<Line>),
    reader("LocalDate", strict::<LocalDate>),
    reader("LocalTime", strict::<LocalTime>),
    reader("LogPosition", strict::<LogPosition>),
    reader("LotNumber", strict::<LotNumber>),
    reader("MedicineCode", strict::<MedicineCode>),
    reader("MedicineNameInput", strict::<MedicineName>),
    reader("MessageBody", strict::<MessageBody>),
    reader("MessageId", strict::<MessageId>),
    reader("MessageRequestId", strict::<MessageRequestId>),
    reader("MessageTitleInput", strict::<MessageTitle>),
    reader("MrzName", strict::<MrzName>),
    Reader {
        except: Some((check_digit_is_wrong, "no pattern adds up digits; the format `nhs-number` says it")),
        ..reader("NhsNumber", strict::<NhsNumber>)
    },
    reader("OrganisationCode", strict::<OrganisationCode>),
    Reader {
        except: Some((is_no_day, "the days of a date are those of `LocalDate`")),
        ..reader("PassBirthDate", strict::<PassBirthDate>)
    },
    reader("PassId", strict::<PassId>),
    reader("PathwayItemId", strict::<PathwayItemId>),
    reader("PathwayReleaseId", strict::<PathwayReleaseId>),
    reader("PersonNameInput", strict::<PersonName>),
    reader("PhoneNumber", strict::<PhoneNumber>),
    reader("PlanId", strict::<PlanId>),
    reader("PractitionerId", strict::<PractitionerId>),
    Reader {
        except: Some((check_character_is_wrong, "no pattern adds up characters; the format `prescription-id` says it")),
        ..reader("PrescriptionId", strict::<PrescriptionId>)
    },
    reader("ProgrammeId", strict::<ProgrammeId>),
    reader("ProgrammeItemId", strict::<ProgrammeItemId>),
    reader("QuantityTextInput", strict::<QuantityText>),
    reader("ReasonInput", strict::<Reason>),
    reader("RefusalReasonInput", strict::<RefusalReason>),
    reader("RepeatRequestId", strict::<RepeatRequestId>),
    reader("ReplyKeyword", strict::<ReplyKeyword>),
    reader("ReplyTextInput", strict::<ReplyText>),
    reader("RequestNoteInput", strict::<RequestNote>),
    reader("RevocationHash", strict::<RevocationHash>),
    reader("ServiceType", strict::<ServiceType>),
    reader("SessionId", strict::<SessionId>),
    reader("StreamName", strict::<StreamName>),
    reader("SubjectId", strict::<SubjectId>),
    reader("SymptomCheckId", strict::<SymptomCheckId>),
    reader("SymptomCheckNumber", strict::<SymptomCheckNumber>),
    Reader {
        except: Some((is_after_the_end_of_time, "the last 26 hours of the year 9999 are beyond the clock")),
        ..reader("Timestamp", strict::<Timestamp>)
    },
    Reader {
        except: Some((check_character_of_uvci_is_wrong, "no pattern adds up characters")),
        ..reader("Uvci", strict::<Uvci>)
    },
    reader("VaccinatorNameInput", strict::<VaccinatorName>),
    reader("VaccineId", strict::<VaccineId>),
    reader("VaccineLot", strict::<VaccineLot>),
];

const PARAMETERS: &[Reader] = &[
    reader("Correlation-Id", |text| Uuid::try_parse(text).is_ok()),
    reader("Idempotency-Key", |text| {
        (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }),
    reader("after", |text| given("after", text, |given| Freshness::take(given).is_ok())),
    Reader {
        except: Some((|_| true, "only the server makes a cursor that fits; the format `cursor` says it")),
        ..reader("cursor", |text| given("cursor", text, |given| Paging::take(given, "practices").is_ok()))
    },
];

fn strict<T: FromStr>(text: &str) -> bool {
    strictly(|| text.parse::<T>().is_ok())
}

fn given(name: &str, text: &str, reads: impl Fn(&mut Given<'_>) -> bool) -> bool {
    let mut given = Given::new([(name, text)].into_iter(), None).expect("one parameter");
    reads(&mut given)
}

fn check_digit_is_wrong(text: &str) -> bool {
    text.parse::<NhsNumber>().is_err_and(|fault| fault.0.contains("Modulus 11"))
}

fn check_character_is_wrong(text: &str) -> bool {
    text.parse::<PrescriptionId>().is_err_and(|fault| fault.0.contains("MOD 37-2"))
}

fn check_character_of_uvci_is_wrong(text: &str) -> bool {
    text.parse::<Uvci>().is_err_and(|fault| fault.0.contains("after #"))
}

fn is_no_day(text: &str) -> bool {
    text.parse::<PassBirthDate>().is_err()
}

fn is_after_the_end_of_time(text: &str) -> bool {
    text >= "9999-12-30T22"
}

fn described(schemas: &Value) -> Vec<(&str, &Value)> {
    let schemas = schemas.as_object().expect("components").iter();
    let schemas = schemas.map(|(name, schema)| (name.as_str(), schema.get("schema").unwrap_or(schema)));
    let mut described: Vec<_> = schemas.filter(|(_, schema)| schema["pattern"].is_string()).collect();
    described.sort_unstable_by_key(|(name, _)| *name);
    described
}

fn each(schemas: &Value, readers: &[Reader], check: impl Fn(&Reader, &Value)) {
    let described = described(schemas);
    let names: Vec<&str> = described.iter().map(|(name, _)| *name).collect();
    let known: Vec<&str> = readers.iter().map(|reader| reader.name).collect();
    assert_eq!(names, known, "each pattern has its reader here");
    described.iter().zip(readers).for_each(|((_, schema), reader)| check(reader, schema));
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).expect("a JSON Schema")
}

impl Reader {
    fn agrees(&self, validator: &Validator, text: &str) -> bool {
        let excused = || self.except.is_some_and(|(except, _)| except(text));
        validator.is_valid(&text.into()) == (self.accepts)(text) || excused()
    }
}

/// A text of the pattern, and one with a hostile character in it, or one character less.
fn check(reader: &Reader, schema: &Value) {
    let validator = validator(schema);
    let pattern = schema["pattern"].as_str().expect("a pattern");
    let inside = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')).expect("of the whole text");
    let texts = string_regex(inside).expect("a pattern");
    let places = (any::<Index>(), prop::sample::select(HOSTILE), 0..3_u8);
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&(texts, places), |(text, (place, hostile, how))| {
        prop_assert!(reader.agrees(&validator, &text), "{}: {text:?}", reader.name);
        let mut other: Vec<char> = text.chars().collect();
        let at = place.index(other.len() + 1);
        match (how, at < other.len()) {
            (0, true) => other[at] = hostile,
            (1, true) => drop(other.remove(at)),
            _ => other.insert(at, hostile),
        }
        let other: String = other.into_iter().collect();
        prop_assert!(reader.agrees(&validator, &other), "{}: {other:?}", reader.name);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_pattern_and_its_reader_accept_the_same_texts() {
    let document = whole();
    each(&document["components"]["schemas"], SCHEMAS, check);
    each(&document["components"]["parameters"], PARAMETERS, check);
}

#[test]
fn a_text_has_the_length_that_its_schema_counts() {
    let document = whole();
    for (name, schema) in described(&document["components"]["schemas"]) {
        let Some(most) = schema["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok()) else { continue };
        let reader = SCHEMAS.iter().find(|reader| reader.name == name).expect("a reader");
        let validator = validator(schema);
        // The letters of passports are capital.
        let of = |characters: usize| match name {
            "MrzName" => "A".repeat(characters),
            _ => format!("s-{}", "a".repeat(characters - 2)),
        };
        let wide = |characters: usize| format!("😀{}", "é".repeat(characters - 1));
        assert!(validator.is_valid(&of(most).into()) && (reader.accepts)(&of(most)), "{name}");
        for text in [of(most + 1), wide(most), wide(most + 1), String::new()] {
            assert!(reader.agrees(&validator, &text), "{name}: {} characters", text.chars().count());
        }
    }
}

#[test]
fn every_day_of_the_calendar_is_in_the_pattern_and_no_other() {
    let document = whole();
    let schemas = &document["components"]["schemas"];
    let [date, instant] = ["LocalDate", "Timestamp"].map(|name| validator(&schemas[name]));
    for year in
        [0, 1, 4, 10, 100, 400, 1000, 1900, 1969, 1970, 1972, 1996, 1999, 2000, 2024, 2026, 2100, 9000, 9996, 9998]
    {
        for (month, day) in (0..=13).flat_map(|month| (0..=32).map(move |day| (month, day))) {
            let text = format!("{year:04}-{month:02}-{day:02}");
            assert_eq!(date.is_valid(&text.as_str().into()), text.parse::<LocalDate>().is_ok(), "{text}");
            let text = format!("{text}T00:00:00Z");
            assert_eq!(instant.is_valid(&text.as_str().into()), text.parse::<Timestamp>().is_ok(), "{text}");
        }
    }
}

/// A text without a pattern or a list of names is not described at all: every text would have to be accepted.
#[test]
fn no_text_that_is_sent_to_us_is_described_by_nothing() {
    let document = whole();
    let schemas = &document["components"]["schemas"];
    for (path, operation) in operations(&document) {
        let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let Some(body) = body.as_str().and_then(|reference| document.pointer(&reference[1..])) else { continue };
        for (member, schema) in body["properties"].as_object().expect("members") {
            let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
            let schema = name.map_or(schema, |name| &schemas[name]);
            let text = schema["type"] == "string";
            assert!(!text || schema["pattern"].is_string() || schema["enum"].is_array(), "{path}: {member}");
        }
    }
}
