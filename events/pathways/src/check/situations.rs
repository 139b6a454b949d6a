//! Every situation in which a question can be answered: does exactly one rule hold?
//!
//! Ages and numbers are divided where rules compare them, so each region of values has one representative. The situations of a
//! question are those that occur on a path to it; an answer is forgotten where no later rule looks at it, so there are few.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    check::regions::{AGE, ANSWERS, RegionVector, Regions},
    compiled::{CompiledQuestion, CompiledTarget},
    document::{AnswerType, PathwayDocument},
    finding::{Finding, FindingKind},
};

/// The most situations in which one question can be asked.
const SITUATIONS_MAX: usize = 20_000;
/// The most situations and answers that a check goes through. At this limit it takes seconds.
const STEPS_MAX: usize = 2_000_000;

/// `order`: the questions that can be reached, each after those that lead to it.
pub(super) fn check(document: &PathwayDocument, questions: &[CompiledQuestion], order: &[usize]) -> Vec<Finding> {
    let Some(regions) = Regions::of(document, questions) else {
        let message = format!("The rules divide a number into more than {} parts.", u8::MAX);
        return vec![Finding::of_release(FindingKind::TooManySituations, message)];
    };
    let mut walk = SituationWalk {
        document,
        questions,
        needed: needed(questions, order, regions.variables()),
        regions,
        waiting: BTreeMap::new(),
        steps: 0,
        findings: Vec::new(),
    };
    let start = walk.regions.at_start(&walk.needed[order[0]]);
    walk.waiting.insert(order[0], start);
    for question in order {
        if !walk.question(*question) {
            break;
        }
    }
    walk.findings
}

/// For each question, the variables at which it or a later question looks, without its own answer.
fn needed(questions: &[CompiledQuestion], order: &[usize], variables: usize) -> Vec<Vec<bool>> {
    let mut needed = vec![vec![false; variables]; questions.len()];
    for question in order.iter().rev() {
        let mut own = vec![false; variables];
        for rule in &questions[*question].rules {
            rule.questions.iter().for_each(|answer| own[ANSWERS + answer] = true);
            rule.demographics.iter().for_each(|demographic| own[AGE + *demographic as usize] = true);
            if let CompiledTarget::Question(next) = rule.target {
                own.iter_mut().zip(&needed[next]).for_each(|(own, next)| *own |= next);
            }
        }
        own[ANSWERS + question] = false;
        needed[*question] = own;
    }
    needed
}

struct SituationWalk<'a> {
    document: &'a PathwayDocument,
    questions: &'a [CompiledQuestion],
    needed: Vec<Vec<bool>>,
    regions: Regions,
    /// The situations in which questions are asked that are not gone through yet.
    waiting: BTreeMap<usize, BTreeSet<RegionVector>>,
    steps: usize,
    findings: Vec<Finding>,
}

/// The results of the situations of one question.
struct SituationTally {
    /// For each region of the answer: the situations in which no rule holds, and the first of them.
    missing: BTreeMap<u8, (usize, RegionVector)>,
    /// For two rules, the first situation in which both hold.
    overlaps: BTreeMap<(usize, usize), RegionVector>,
    /// For each rule, can it hold?
    holds: Vec<bool>,
}

impl SituationWalk<'_> {
    /// Goes through the situations of a question. `false` at a limit.
    fn question(&mut self, question: usize) -> bool {
        let situations = self.waiting.remove(&question).unwrap_or_default();
        let answers = self.regions.answers(question);
        self.steps += situations.len() * answers;
        if situations.len() > SITUATIONS_MAX || self.steps > STEPS_MAX {
            let fault = format!(
                "can be asked in more situations than a check goes through ({SITUATIONS_MAX}, and {STEPS_MAX} with their \
                 answers, of all questions); look at fewer earlier answers in one rule"
            );
            let id = &self.document.questions[question].id;
            self.findings.push(Finding::of_question(FindingKind::TooManySituations, id, fault));
            return false;
        }
        let rules = &self.questions[question].rules;
        let mut tally =
            SituationTally { missing: BTreeMap::new(), overlaps: BTreeMap::new(), holds: vec![false; rules.len()] };
        for situation in &situations {
            for answer in 1..=answers {
                let mut situation = situation.clone();
                // There are at most 255 regions.
                situation[ANSWERS + question] = u8::try_from(answer).unwrap_or(u8::MAX);
                self.situation(question, &situation, &mut tally);
            }
        }
        if !situations.is_empty() {
            self.report(question, situations.len(), tally);
        }
        true
    }

    fn situation(&mut self, question: usize, situation: &RegionVector, tally: &mut SituationTally) {
        let rules = &self.questions[question].rules;
        let (subject, slots) = self.regions.representative(situation);
        let held: Vec<usize> = (0..rules.len()).filter(|rule| rules[*rule].condition.holds(&subject, &slots)).collect();
        if held.is_empty() {
            let answer = situation[ANSWERS + question];
            tally.missing.entry(answer).or_insert_with(|| (0, situation.clone())).0 += 1;
        }
        for pair in held.windows(2) {
            tally.overlaps.entry((pair[0], pair[1])).or_insert_with(|| situation.clone());
        }
        for rule in held {
            tally.holds[rule] = true;
            if let CompiledTarget::Question(next) = rules[rule].target {
                let next_situation = self.regions.only(situation, &self.needed[next]);
                let waiting = self.waiting.entry(next).or_default();
                // One more than the limit is enough to see that it is exceeded.
                if waiting.len() <= SITUATIONS_MAX {
                    waiting.insert(next_situation);
                }
            }
        }
    }

    fn report(&mut self, question: usize, situations: usize, tally: SituationTally) {
        let (id, rules) = (&self.document.questions[question].id, &self.questions[question].rules);
        let looked_at = self.looked_at(question);
        let mut found = Vec::new();
        if rules.is_empty() {
            return;
        }
        let (mut missing, mut example) = (0, None);
        for (answer, (count, situation)) in &tally.missing {
            match &self.document.questions[question].answer {
                AnswerType::Choice { options } if *count == situations => {
                    let option = &options[usize::from(*answer) - 1].value;
                    let fault = format!("has the option `{option}`, which leads nowhere: no rule ever holds for it");
                    found.push(Finding::of_question(FindingKind::OptionLeadsNowhere, id, fault));
                }
                AnswerType::Choice { .. }
                | AnswerType::Number { .. }
                | AnswerType::Date { .. }
                | AnswerType::Text { .. } => {
                    missing += count;
                    example = example.or(Some(situation));
                }
            }
        }
        if let Some(example) = example {
            let example = self.regions.words(self.document, example, &looked_at);
            let fault = format!("has no rule for {missing} of its situations, such as {example}");
            found.push(Finding::of_question(FindingKind::MissingRule, id, fault));
        }
        for ((first, second), example) in &tally.overlaps {
            let example = self.regions.words(self.document, example, &looked_at);
            let fault = format!("overlaps with rule {}: both hold for {example}", second + 1);
            found.push(Finding::of_rule(FindingKind::OverlappingRules, id, *first, fault));
        }
        for rule in (0..rules.len()).filter(|rule| !tally.holds[*rule]) {
            let fault = "holds in no situation in which the question can be asked";
            found.push(Finding::of_rule(FindingKind::RuleNeverHolds, id, rule, fault));
        }
        self.findings.extend(found);
    }

    /// The variables at which the rules of a question look; its own answer, if there are none.
    fn looked_at(&self, question: usize) -> Vec<bool> {
        let mut looked_at = vec![false; self.regions.variables()];
        for rule in &self.questions[question].rules {
            rule.questions.iter().for_each(|answer| looked_at[ANSWERS + answer] = true);
            rule.demographics.iter().for_each(|demographic| looked_at[AGE + *demographic as usize] = true);
        }
        if !looked_at.contains(&true) {
            looked_at[ANSWERS + question] = true;
        }
        looked_at
    }
}
