//! Decisions about organ donation: in people's words, and as read from the fields of forms.

use axum::response::Response;
use event_core::strictness::strictly;
use page_engine::{PageError, Pages, PostedForm, Visitor, see_other};
use serde::{Deserialize, Serialize};
use vocabulary::{
    organ_donation::{FaithDeclaration, Organ, OrganDecision},
    text::PersonName,
};

use crate::errors::FieldFaults;

/// The name of the draft.
const DRAFT: &str = "organ donation";
/// The fields of the names, as many as there can be representatives.
pub const NAME_FIELDS: [&str; 2] = ["name-1", "name-2"];
/// The names in messages about faults.
const NAMES: [&str; 2] = ["name of the first person", "name of the second person"];

/// All organs and tissue, in the order of forms and of the rules.
const ORGANS: [Organ; 8] = [
    Organ::Heart,
    Organ::Lungs,
    Organ::Kidneys,
    Organ::Liver,
    Organ::Corneas,
    Organ::Pancreas,
    Organ::Tissue,
    Organ::SmallBowel,
];

/// The answer to the first question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DonorChoice {
    AllOrgans,
    SomeOrgans,
    NoOrgans,
    Representatives,
}

impl DonorChoice {
    pub const ALL: [DonorChoice; 4] =
        [DonorChoice::AllOrgans, DonorChoice::SomeOrgans, DonorChoice::NoOrgans, DonorChoice::Representatives];

    pub fn field(self) -> &'static str {
        match self {
            DonorChoice::AllOrgans => "all",
            DonorChoice::SomeOrgans => "some",
            DonorChoice::NoOrgans => "none",
            DonorChoice::Representatives => "representatives",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            DonorChoice::AllOrgans => "I want to donate all my organs and tissue",
            DonorChoice::SomeOrgans => "I want to donate some organs or tissue",
            DonorChoice::NoOrgans => "I do not want to donate",
            DonorChoice::Representatives => "I want other people to decide for me",
        }
    }

    pub fn hint(self) -> &'static str {
        match self {
            DonorChoice::AllOrgans => "They may help several people.",
            DonorChoice::SomeOrgans => "You choose which on the next page.",
            DonorChoice::NoOrgans => "None of your organs or tissue will be taken.",
            DonorChoice::Representatives => "You name one or two people on the next page.",
        }
    }
}

/// The answers so far. They are personal, so they are kept as a draft, and in no address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DonorAnswers {
    pub choice: Option<DonorChoice>,
    pub organs: Vec<Organ>,
    /// The names as they were typed.
    pub names: [String; 2],
    /// True once the question that follows the choice was answered.
    pub is_detailed: bool,
}

/// The question that is open, with the faults in its answer.
#[derive(Debug)]
pub enum OpenQuestion {
    Choice(FieldFaults),
    Organs(FieldFaults),
    Representatives(FieldFaults),
}

impl OpenQuestion {
    pub fn address(&self) -> &'static str {
        match self {
            OpenQuestion::Choice(_) => "/donation/register",
            OpenQuestion::Organs(_) => "/donation/register/organs",
            OpenQuestion::Representatives(_) => "/donation/register/representatives",
        }
    }

    pub fn faults(self) -> FieldFaults {
        match self {
            OpenQuestion::Choice(faults) | OpenQuestion::Organs(faults) | OpenQuestion::Representatives(faults) => {
                faults
            }
        }
    }
}

impl DonorAnswers {
    /// The draft of the visitor.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn kept(pages: &Pages, visitor: &Visitor) -> Result<DonorAnswers, PageError> {
        Ok(pages.kept(visitor, DRAFT).await?.unwrap_or_default())
    }

    /// Keeps the draft, and leads to the page that follows.
    ///
    /// # Errors
    /// If it cannot be kept.
    pub async fn keep(&self, pages: &Pages, visitor: &Visitor) -> Result<Response, PageError> {
        pages.keep(visitor, DRAFT, self).await?;
        let open = self.decision().err();
        Ok(see_other(open.map_or("/donation/register/check", |open| open.address())))
    }

    /// With the answer to the first question in this form. A new choice leaves its details open.
    #[must_use]
    pub fn with_choice(self, form: &PostedForm) -> DonorAnswers {
        let choice = DonorChoice::ALL.into_iter().find(|choice| choice.field() == form.text("choice"));
        DonorAnswers { choice, is_detailed: false, ..self }
    }

    #[must_use]
    pub fn with_organs(self, form: &PostedForm) -> DonorAnswers {
        let ticked = form.all("organ");
        let organs = ORGANS.into_iter().filter(|organ| ticked.contains(&organ_field(*organ))).collect();
        DonorAnswers { choice: Some(DonorChoice::SomeOrgans), organs, is_detailed: true, ..self }
    }

    #[must_use]
    pub fn with_names(self, form: &PostedForm) -> DonorAnswers {
        let names = NAME_FIELDS.map(|field| form.text(field).to_owned());
        DonorAnswers { choice: Some(DonorChoice::Representatives), names, is_detailed: true, ..self }
    }

    /// The decision.
    ///
    /// # Errors
    /// The question that is open, if the decision is not complete.
    pub fn decision(&self) -> Result<OrganDecision, OpenQuestion> {
        match self.choice {
            None => Err(OpenQuestion::Choice(FieldFaults::one("choice", "Choose your decision"))),
            Some(DonorChoice::AllOrgans) => Ok(OrganDecision::OptInAll),
            Some(DonorChoice::NoOrgans) => Ok(OrganDecision::OptOut),
            Some(DonorChoice::SomeOrgans) if !self.is_detailed => Err(OpenQuestion::Organs(FieldFaults::none())),
            Some(DonorChoice::SomeOrgans) if self.organs.is_empty() => {
                Err(OpenQuestion::Organs(FieldFaults::one("organ", "Choose at least one organ or tissue")))
            }
            Some(DonorChoice::SomeOrgans) => Ok(OrganDecision::OptInSome { organs: self.organs.clone() }),
            Some(DonorChoice::Representatives) if !self.is_detailed => {
                Err(OpenQuestion::Representatives(FieldFaults::none()))
            }
            Some(DonorChoice::Representatives) => {
                let representatives = self.representatives().map_err(OpenQuestion::Representatives)?;
                Ok(OrganDecision::AppointedRepresentative { representatives })
            }
        }
    }

    /// The names that were filled in: at least one.
    fn representatives(&self) -> Result<Vec<PersonName>, FieldFaults> {
        let mut faults = FieldFaults::none();
        let typed = NAME_FIELDS.into_iter().zip(NAMES).zip(&self.names).filter(|(_, text)| !text.is_empty());
        let read = |((field, name), text): ((_, &str), &String)| faults.read(field, person_name(name, text));
        let names: Vec<PersonName> = typed.filter_map(read).collect();
        if names.is_empty() && faults.is_empty() {
            faults.add(NAME_FIELDS[0], "Enter the name of at least one person");
        }
        if faults.is_empty() { Ok(names) } else { Err(faults) }
    }
}

/// A name under the rules for input, so that the command does not refuse it later.
fn person_name(name: &str, text: &str) -> Result<PersonName, String> {
    if text.chars().count() > PersonName::CHARACTERS_MAX {
        return Err(format!("The {name} must have {} characters or fewer", PersonName::CHARACTERS_MAX));
    }
    strictly(|| text.parse()).map_err(|_| format!("Enter the {name} without invisible characters"))
}

/// All organs for a form: the field's value, the label, and true if it was chosen.
pub fn organ_boxes(chosen: &[Organ]) -> Vec<(&'static str, &'static str, bool)> {
    ORGANS.into_iter().map(|organ| (organ_field(organ), organ_label(organ), chosen.contains(&organ))).collect()
}

pub fn organ_field(organ: Organ) -> &'static str {
    match organ {
        Organ::Heart => "heart",
        Organ::Lungs => "lungs",
        Organ::Kidneys => "kidneys",
        Organ::Liver => "liver",
        Organ::Corneas => "corneas",
        Organ::Pancreas => "pancreas",
        Organ::Tissue => "tissue",
        Organ::SmallBowel => "small-bowel",
    }
}

fn organ_label(organ: Organ) -> &'static str {
    match organ {
        Organ::Heart => "Heart",
        Organ::Lungs => "Lungs",
        Organ::Kidneys => "Kidneys",
        Organ::Liver => "Liver",
        Organ::Corneas => "Corneas (the clear front of the eyes)",
        Organ::Pancreas => "Pancreas",
        Organ::Tissue => "Tissue (such as skin, bone and heart valves)",
        Organ::SmallBowel => "Small bowel",
    }
}

/// A decision as a summary shows it.
pub struct DecisionWords {
    pub decision: &'static str,
    /// The heading of the parts, such as the organs.
    pub parts_name: &'static str,
    pub parts: Vec<String>,
}

impl DecisionWords {
    pub fn of(decision: &OrganDecision) -> DecisionWords {
        let (decision, parts_name, parts) = match decision {
            OrganDecision::OptInAll => ("Yes, you want to donate all your organs and tissue", "", Vec::new()),
            OrganDecision::OptInSome { organs } => (
                "Yes, you want to donate some organs or tissue",
                "Organs and tissue",
                organs.iter().map(|organ| organ_label(*organ).to_owned()).collect(),
            ),
            OrganDecision::OptOut => ("No, you do not want to donate", "", Vec::new()),
            OrganDecision::AppointedRepresentative { representatives } => (
                "You want other people to decide for you",
                "Your representatives",
                representatives.iter().map(|name| name.as_str().to_owned()).collect(),
            ),
        };
        DecisionWords { decision, parts_name, parts }
    }
}

/// A decision in one sentence, without a full stop.
pub fn sentence(decision: &OrganDecision) -> String {
    let words = DecisionWords::of(decision);
    if words.parts.is_empty() {
        words.decision.to_owned()
    } else {
        format!("{}: {}", words.decision, words.parts.join(", "))
    }
}

/// The declaration about faith in one sentence, without a full stop.
pub fn faith_sentence(faith: FaithDeclaration) -> &'static str {
    match faith {
        FaithDeclaration::Yes => "Yes, you want your faith or beliefs to be respected",
        FaithDeclaration::No => "No, your faith or beliefs need not be considered",
        FaithDeclaration::PreferNotToSay => "You prefer not to say",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(choice: DonorChoice) -> DonorAnswers {
        DonorAnswers { choice: Some(choice), ..DonorAnswers::default() }
    }

    fn named(first: &str, second: &str) -> DonorAnswers {
        let names = [first.to_owned(), second.to_owned()];
        DonorAnswers { names, is_detailed: true, ..answers(DonorChoice::Representatives) }
    }

    /// The fields with faults, if the question about representatives is open.
    fn faulty_names(answers: &DonorAnswers) -> Option<Vec<&'static str>> {
        match answers.decision() {
            Err(OpenQuestion::Representatives(faults)) => {
                Some(faults.list().iter().map(|fault| fault.name()).collect())
            }
            _ => None,
        }
    }

    #[test]
    fn all_and_none_need_no_further_question() {
        assert_eq!(answers(DonorChoice::AllOrgans).decision().ok(), Some(OrganDecision::OptInAll));
        assert_eq!(answers(DonorChoice::NoOrgans).decision().ok(), Some(OrganDecision::OptOut));
        let open = DonorAnswers::default().decision();
        assert!(matches!(open, Err(OpenQuestion::Choice(faults)) if faults.of("choice").is_some()));
    }

    #[test]
    fn some_organs_are_asked_for_and_at_least_one_is_needed() {
        let mut some = answers(DonorChoice::SomeOrgans);
        assert!(matches!(some.decision(), Err(OpenQuestion::Organs(faults)) if faults.is_empty()));
        some.is_detailed = true;
        assert!(matches!(some.decision(), Err(OpenQuestion::Organs(faults)) if faults.of("organ").is_some()));
        some.organs = vec![Organ::Liver];
        assert_eq!(some.decision().ok(), Some(OrganDecision::OptInSome { organs: vec![Organ::Liver] }));
    }

    #[test]
    fn one_or_two_names_are_needed() {
        assert_eq!(faulty_names(&answers(DonorChoice::Representatives)), Some(vec![]));
        assert_eq!(faulty_names(&named("", "")), Some(vec!["name-1"]));
        let long = "n".repeat(PersonName::CHARACTERS_MAX + 1);
        assert_eq!(faulty_names(&named("Ann", &long)), Some(vec!["name-2"]));
        for (first, second, count) in [("Ann", "Bob", 2), ("Ann", "", 1), ("", "Bob", 1)] {
            let decision = named(first, second).decision();
            let Ok(OrganDecision::AppointedRepresentative { representatives }) = decision else {
                panic!("not complete: {first} {second}");
            };
            assert_eq!(representatives.len(), count);
        }
    }

    #[test]
    fn the_fields_of_organs_are_their_names_in_events() {
        for organ in ORGANS {
            assert_eq!(serde_json::to_value(organ).ok(), Some(organ_field(organ).into()));
        }
        assert!(ORGANS.is_sorted(), "the rules compare decisions in this order");
    }
}
