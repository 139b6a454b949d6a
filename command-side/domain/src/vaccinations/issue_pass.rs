use event_core::{LocalDate, Malformed, SubjectId, Timestamp};
use passes::{
    CountryCode, HolderName, HolderText, MrzName, PassBirthDate, PassCode, PassContents, PassVaccination, expiry,
};
use programmes::CATALOGUE;
use vocabulary::{
    access::patient_of,
    registrations::Registration,
    text::PersonName,
    vaccinations::{DoseFacts, DoseId, PassId, PassIssued},
};

use super::{
    dose_book::DoseBook,
    pass_book::PassBook,
    rejections::{
        DOSE_VOID, NAME_DIFFERS, NAME_NOT_LATIN, NO_PASS, NO_SUCH_DOSE, NOT_REGISTERED, PASS_EXISTS, TOO_MANY_PASSES,
    },
};
use crate::prelude::*;

/// The country that issues the passes, in which every dose of these records was given.
const COUNTRY: &str = "GB";
/// The issuer, as a pass names it.
const ISSUER: &str = "Frontdoor demonstration";

/// Issue a vaccination pass for a dose, in the form of the EU Digital COVID Certificate. It is valid for 30 days from now.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssuePass {
    pub subject: SubjectId,
    /// A new id of the pass.
    pub pass: PassId,
    pub dose: DoseId,
    pub name: PassName,
}

/// The registered name in two parts, as a passport has it. A name of one part is a surname.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PassName {
    pub surname: HolderText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forename: Option<HolderText>,
    /// The Latin letters of the passport, if they are not those that ICAO Doc 9303 makes of the name. Given by staff only, who see the
    /// passport.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surname_latin: Option<MrzName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forename_latin: Option<MrzName>,
}

impl Command for IssuePass {
    const NAME: &'static str = "issue-pass";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Vaccinating));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &NO_SUCH_DOSE,
        &DOSE_VOID,
        &NOT_REGISTERED,
        &NAME_DIFFERS,
        &NAME_NOT_LATIN,
        &NO_PASS,
        &PASS_EXISTS,
        &TOO_MANY_PASSES,
    ];
    type Reads = (PassBook, DoseBook, Registration);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(self.subject), Stream::of(self.subject), Stream::of(self.subject))
    }

    fn decide(&self, (passes, book, registration): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        if let Some(known) = passes.pass(&self.pass) {
            return if known.dose == self.dose { Ok(nothing_new()) } else { Err((&PASS_EXISTS).into()) };
        }
        let dose = book.dose(&self.dose).ok_or(&NO_SUCH_DOSE)?;
        if dose.is_void {
            return Err((&DOSE_VOID).into());
        }
        let (name, born) = match registration {
            Registration::At(registered) => registered.name.get().zip(registered.born_on.get()),
            Registration::Unregistered => None,
        }
        .ok_or(&NOT_REGISTERED)?;
        let name = self.name.of_person(name, context)?;
        let contents = self.contents(name, &dose.given, born.0, context.now)?;
        passes.may_issue(&self.dose, context.now)?;
        Ok(record(self.issued(contents)))
    }
}

impl PassName {
    /// The name in the form of a pass, if its parts are the registered name: a pass with another name would prove a vaccination of another
    /// person.
    fn of_person(&self, registered: &PersonName, context: &Context) -> Result<HolderName, Rejected> {
        let parts = self.forename.iter().chain([&self.surname]);
        let words: Vec<&str> = parts.flat_map(|part| part.as_str().split_whitespace()).collect();
        let is_registered = words.iter().copied().eq(registered.as_str().split_whitespace());
        let has_other_letters = self.surname_latin.is_some() || self.forename_latin.is_some();
        if !is_registered || (has_other_letters && patient_of(&context.caller).is_some()) {
            return Err((&NAME_DIFFERS).into());
        }
        let (surname, forename) = (Some(self.surname.clone()), self.forename.clone());
        HolderName::written(surname, self.surname_latin.clone(), forename, self.forename_latin.clone())
            .map_err(|_| (&NAME_NOT_LATIN).into())
    }
}

impl IssuePass {
    /// The contents of the pass. Its times are whole seconds, which is the precision of the signed form.
    ///
    /// # Errors
    /// `no-pass`.
    pub(super) fn contents(
        &self,
        name: HolderName,
        given: &DoseFacts,
        born: LocalDate,
        now: Timestamp,
    ) -> Result<PassContents, Rejected> {
        let (vaccination, issued_at) = (self.vaccination(given)?, now.whole_second());
        let born: PassBirthDate = born.to_string().parse().map_err(|_| &NO_PASS)?;
        Ok(PassContents { name, born, vaccination, issued_at, expires_at: expiry(issued_at) })
    }

    pub(super) fn issued(&self, contents: PassContents) -> PassIssued {
        let (subject, pass, dose) = (self.subject, self.pass.clone(), self.dose.clone());
        let (issued_at, expires_at) = (contents.issued_at, contents.expires_at);
        let revocation = contents.vaccination.uvci.revocation_hash();
        PassIssued { subject, pass, dose, contents: contents.into(), revocation, issued_at, expires_at }
    }

    fn vaccination(&self, given: &DoseFacts) -> Result<PassVaccination, Rejected> {
        let (programme, vaccine) = (given.programme.as_str(), given.vaccine.as_str());
        let (codes, course) = CATALOGUE.pass_codes(programme, vaccine).ok_or(&NO_PASS)?;
        let made = || -> Result<PassVaccination, Malformed> {
            let country: CountryCode = COUNTRY.parse()?;
            let code = |code: &str| code.parse::<PassCode>();
            Ok(PassVaccination {
                disease: code(&codes.tg)?,
                vaccine: code(&codes.vp)?,
                product: code(&codes.mp)?,
                manufacturer: code(&codes.ma)?,
                dose: given.number,
                // A booster is written as 3 of 3 (eHealth Network, guidelines on vaccination proofs, annex I).
                doses: course.max(given.number),
                given_on: given.given_on,
                country,
                issuer: code(ISSUER)?,
                uvci: self.pass.uvci(country, self.subject)?,
            })
        };
        made().map_err(|_| (&NO_PASS).into())
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        spec::*,
        vaccinations::{
            pass_book::VALID_PASSES_MAX,
            scenes::{clinic_of_alice, dose, of_today, pass, recorded, with_name},
            void_dose::VoidDose,
        },
    };

    fn issue(id: u32, surname: &str, forename: &str) -> IssuePass {
        IssuePass { subject: alice(), pass: pass(id), dose: dose(1), name: with_name(surname, forename) }
    }

    #[test]
    fn a_pass_is_issued_once_for_a_dose_and_says_what_the_record_says() {
        let world = clinic_of_alice().given(recorded(1, 1)).when(issue(1, "Example", "Alice"));
        let world = world.records_kinds(&["pass.issued.v1"]).when(issue(1, "Example", "Alice")).nothing_new();
        let other = IssuePass { dose: dose(2), ..issue(1, "Example", "Alice") };
        world.when(other).rejected(&PASS_EXISTS);
    }

    #[test]
    fn a_name_in_two_parts_is_the_registered_one() {
        let world = clinic_of_alice().given(recorded(1, 1));
        for (surname, forename) in
            [("Example", "Bob"), ("Alice Example", "Alice"), ("Example", ""), ("Alice", "Example")]
        {
            world.clone().when(issue(1, surname, forename)).rejected(&NAME_DIFFERS);
        }
        world.clone().when(issue(1, "Alice Example", "")).records_kinds(&["pass.issued.v1"]);
        let latin = Some("EKSAMPL".parse().expect("letters"));
        let other = PassName { surname_latin: latin, ..with_name("Example", "Alice") };
        let with_letters = IssuePass { name: other, ..issue(1, "Example", "Alice") };
        world.clone().by(as_patient(alice())).when(with_letters.clone()).rejected(&NAME_DIFFERS);
        world.when(with_letters).records_kinds(&["pass.issued.v1"]);
    }

    #[test]
    fn there_is_no_pass_for_an_unknown_dose_a_void_record_and_a_programme_without_passes() {
        clinic_of_alice().when(issue(1, "Example", "Alice")).rejected(&NO_SUCH_DOSE);
        let reason = "Not given".parse().expect("a reason");
        let void = VoidDose { subject: alice(), dose: dose(1), site: site(), reason };
        let world = clinic_of_alice().given(recorded(1, 1)).when(void).records_kinds(&["dose.voided.v1"]);
        world.when(issue(1, "Example", "Alice")).rejected(&DOSE_VOID);
        let id = "mmr";
        let mmr = DoseFacts {
            programme: id.parse().expect("an id"),
            vaccine: id.parse().expect("an id"),
            ..of_today(1).facts()
        };
        assert_eq!(issue(1, "Example", "Alice").vaccination(&mmr), Err((&NO_PASS).into()));
    }

    #[test]
    fn ten_passes_of_a_dose_are_valid_at_a_time() {
        let mut world = clinic_of_alice().given(recorded(1, 1));
        for id in 0..VALID_PASSES_MAX as u32 {
            world = world.when(issue(id, "Example", "Alice")).records_kinds(&["pass.issued.v1"]);
        }
        world.when(issue(99, "Example", "Alice")).rejected(&TOO_MANY_PASSES);
    }

    #[test]
    fn a_booster_is_a_dose_of_a_course_of_as_many() {
        let of = |number: u8| {
            let given = of_today(number).facts();
            let vaccination = issue(1, "Example", "Alice").vaccination(&given).expect("a pass");
            (vaccination.dose, vaccination.doses)
        };
        assert_eq!([of(1), of(2), of(3)], [(1, 2), (2, 2), (3, 3)]);
    }
}
