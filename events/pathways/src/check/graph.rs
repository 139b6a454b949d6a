//! The graph of questions: reachable, without loops, red flags first.

use crate::{
    compiled::{CompiledQuestion, CompiledTarget},
    document::PathwayDocument,
    finding::{Finding, FindingKind},
};

pub(super) struct Graph<'a> {
    document: &'a PathwayDocument,
    questions: &'a [CompiledQuestion],
    /// For each question, the questions to which it leads, directly or through others.
    after: Vec<Vec<bool>>,
    loops: Vec<Vec<usize>>,
    /// The questions that can be reached. Without a loop, each comes after the questions that lead to it.
    order: Vec<usize>,
}

impl<'a> Graph<'a> {
    pub(super) fn of(document: &'a PathwayDocument, questions: &'a [CompiledQuestion]) -> Graph<'a> {
        let mut graph = Graph { document, questions, after: Vec::new(), loops: Vec::new(), order: Vec::new() };
        let mut visit = vec![VisitState::New; questions.len()];
        graph.visit(0, &mut Vec::new(), &mut visit);
        let reached = graph.order.len();
        // Loops among questions that cannot be reached are faults, too.
        (0..questions.len()).for_each(|index| graph.visit(index, &mut Vec::new(), &mut visit));
        graph.order.truncate(reached);
        graph.order.reverse();
        graph.after = (0..questions.len()).map(|index| graph.reached_from(index)).collect();
        graph
    }

    /// `None` if there is a loop, or nothing to go through.
    pub(super) fn order(&self) -> Option<&[usize]> {
        (self.loops.is_empty() && !self.order.is_empty()).then_some(&self.order)
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.loops.iter().map(|questions| self.loop_of(questions)).collect();
        for (index, question) in self.questions.iter().enumerate() {
            if question.rules.is_empty() {
                findings.push(self.fault(FindingKind::DeadEnd, index, "has no rules, so it is a dead end"));
            }
            if !self.order.contains(&index) {
                findings.push(self.fault(
                    FindingKind::UnreachableQuestion,
                    index,
                    "is never reached from the first question",
                ));
            }
            findings.extend(self.looks_ahead(index));
            findings.extend(self.red_flag(index));
        }
        let leads_to = |outcome| {
            let mut rules = self.questions.iter().flat_map(|question| &question.rules);
            rules.any(|rule| rule.target == CompiledTarget::Outcome(outcome))
        };
        let outcomes = self.document.outcomes.iter().enumerate();
        findings.extend(outcomes.filter(|(index, _)| !leads_to(*index)).map(|(_, outcome)| {
            Finding::of_release(FindingKind::UnusedOutcome, format!("No rule leads to the outcome `{}`.", outcome.id))
        }));
        findings
    }

    fn id(&self, question: usize) -> &str {
        &self.document.questions[question].id
    }

    fn fault(&self, kind: FindingKind, question: usize, fault: &str) -> Finding {
        Finding::of_question(kind, self.id(question), fault)
    }

    fn next(&self, question: usize) -> impl Iterator<Item = usize> + use<'a> {
        self.questions[question].rules.iter().filter_map(|rule| match rule.target {
            CompiledTarget::Question(next) => Some(next),
            CompiledTarget::Outcome(_) => None,
        })
    }

    /// Depth first; its depth is limited by `QUESTIONS_MAX`.
    fn visit(&mut self, question: usize, path: &mut Vec<usize>, visit: &mut [VisitState]) {
        match visit[question] {
            VisitState::Done => {}
            VisitState::Open => {
                let start = path.iter().position(|open| *open == question).unwrap_or_default();
                self.loops.push(path[start..].to_vec());
            }
            VisitState::New => {
                visit[question] = VisitState::Open;
                path.push(question);
                for next in self.next(question) {
                    self.visit(next, path, visit);
                }
                path.pop();
                visit[question] = VisitState::Done;
                self.order.push(question);
            }
        }
    }

    fn reached_from(&self, question: usize) -> Vec<bool> {
        let (mut reached, mut open) = (vec![false; self.questions.len()], vec![question]);
        while let Some(question) = open.pop() {
            open.extend(self.next(question).filter(|next| !std::mem::replace(&mut reached[*next], true)));
        }
        reached
    }

    fn loop_of(&self, questions: &[usize]) -> Finding {
        let names: Vec<String> = questions.iter().map(|question| format!("`{}`", self.id(*question))).collect();
        let first = questions.first().copied().unwrap_or_default();
        let through = if names.len() > 1 { format!(" through {}", names[1..].join(", ")) } else { String::new() };
        self.fault(FindingKind::Loop, first, &format!("leads back to itself{through}"))
    }

    fn looks_ahead(&self, question: usize) -> Vec<Finding> {
        let rules = self.questions[question].rules.iter().enumerate();
        let findings = rules.flat_map(|(number, rule)| {
            let ahead =
                rule.questions.iter().filter(move |other| **other != question && !self.after[**other][question]);
            ahead.map(move |other| {
                let fault = format!("looks at the answer to `{}`, which is never asked before", self.id(*other));
                Finding::of_rule(FindingKind::LooksAhead, self.id(question), number, fault)
            })
        });
        findings.collect()
    }

    fn red_flag(&self, question: usize) -> Vec<Finding> {
        let questions = &self.document.questions;
        if !questions[question].red_flag {
            return Vec::new();
        }
        let rules = &self.questions[question].rules;
        let is_emergency = |target| match target {
            CompiledTarget::Outcome(outcome) => self.document.outcomes[outcome].disposition.is_emergency(),
            CompiledTarget::Question(_) => false,
        };
        let without_emergency = !rules.is_empty() && !rules.iter().any(|rule| is_emergency(rule.target));
        let fault = "is a red flag, but no rule of it leads to 999 or an emergency department";
        let without_emergency =
            without_emergency.then(|| self.fault(FindingKind::RedFlagWithoutEmergency, question, fault));
        let before =
            self.order.iter().copied().find(|other| !questions[*other].red_flag && self.after[*other][question]);
        let late = before.map(|other| {
            let fault = format!("is a red flag, but it is asked after `{}`, which is none", self.id(other));
            self.fault(FindingKind::LateRedFlag, question, &fault)
        });
        without_emergency.into_iter().chain(late).collect()
    }
}

#[derive(Clone, Copy)]
enum VisitState {
    New,
    /// On the path from the start of the visit.
    Open,
    Done,
}
