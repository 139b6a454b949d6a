//! The law of replays: the stored events of a symptom check reproduce each question and the outcome, with the release that the
//! check pins. Random checks of every release, with changed answers, interruptions and requests that are refused. The events are
//! folded a second time here, and not by the state that made the decisions.

use event_core::{Caller, Command, Context, Decision, Event, Rejected, State, SubjectId, Timestamp, testing};
use pathways::{
    AnswerType, CATALOGUE, Decimal, Demographics, Party, PathwayAnswer, Question, Release, Sex, Step,
    decimal::DECIMALS_MAX, next,
};
use vocabulary::{
    symptom_checks::{
        PathwayReleaseId, SymptomAnswer, SymptomAnswerValue, SymptomCheckEvent, SymptomCheckId, SymptomCheckStarted,
    },
    time::LONDON,
};

use super::{
    AbandonSymptomCheck, AnswerQuestion, CheckingDay, ClaimSymptomCheck, ReleaseStanding, ResumeSymptomCheck,
    ReviseAnswer, StartSymptomCheck, SymptomCheck,
    scenes::{as_anonymous, check, choice, code, item, nameless},
    start_symptom_check::PersonWithSymptoms,
    symptom_check::CheckStage,
};
use crate::spec::{NOW, alice, as_patient, at};

/// Checks in a usual run. `SYMPTOM_CHECKS=100000` runs more.
const CHECKS: u64 = 200;

/// SplitMix64: the same checks in each run.
struct CheckDice(u64);

impl CheckDice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn between(&mut self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.below(u64::try_from(most - least + 1).expect("ordered"))).expect("small")
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(u64::try_from(all.len()).expect("small"));
        &all[usize::try_from(at).expect("small")]
    }
}

/// The events as they are stored, the state that decides, and the answers and the end by a second fold.
struct Replay {
    stored: Vec<(&'static str, Vec<u8>)>,
    state: SymptomCheck,
    id: SymptomCheckId,
    subject: SubjectId,
    now: Timestamp,
}

impl Replay {
    fn context(&self) -> Context {
        Context { now: self.now, caller: caller(self.subject) }
    }

    /// Stores the events of the check, and folds what was stored.
    fn store(&mut self, decided: Result<Decision, Rejected>) -> Result<(), &'static str> {
        let decision = decided.map_err(|rejected| rejected.rejection.code)?;
        for (_, event) in decision.events {
            let Some(event) = event.as_any().downcast_ref::<SymptomCheckEvent>() else { continue };
            let (kind, data) = (Event::kind(event), testing::encoded(event));
            let read = testing::opened(|| SymptomCheckEvent::decode(kind, &data)).expect("readable");
            self.state.evolve(&read);
            self.stored.push((kind, data));
        }
        self.now = self.now.plus_minutes(7);
        Ok(())
    }

    fn change<C>(&mut self, command: &C) -> Result<(), &'static str>
    where
        C: Command<Reads = (SymptomCheck, ReleaseStanding)>,
    {
        let decided = command.decide((&self.state, &ReleaseStanding::InUse), &self.context());
        self.store(decided)
    }

    fn interrupt(&mut self) {
        let abandon = AbandonSymptomCheck { subject: self.subject, check: self.id.clone() };
        let decided = abandon.decide(&self.state, &self.context());
        self.store(decided).expect("open checks can be left");
        let resume = ResumeSymptomCheck { subject: self.subject, check: self.id.clone() };
        self.change(&resume).expect("it can be resumed");
    }

    fn answer(&self, question: &str, answer: SymptomAnswerValue) -> AnswerQuestion {
        AnswerQuestion { subject: self.subject, check: self.id.clone(), question: item(question), answer }
    }
}

fn caller(subject: SubjectId) -> Caller {
    if subject == nameless() { as_anonymous() } else { as_patient(subject) }
}

/// The check as its events tell it: each question and the outcome are compared with what `next` says for the answers so far.
/// Returns the answers that stand, and true if it ended.
fn replayed(stored: &[(&'static str, Vec<u8>)]) -> (SymptomCheckStarted, Vec<SymptomAnswer>, bool) {
    let mut events = stored.iter().map(|(kind, data)| {
        testing::opened(|| SymptomCheckEvent::decode(kind, data)).expect("a stored event is readable")
    });
    let Some(SymptomCheckEvent::Started(started)) = events.next() else { panic!("it begins with its start") };
    let release = release(&started.release);
    assert_eq!(release.content_hash(), started.content_hash);
    let person = *started.person.get().expect("open");
    let (mut answers, mut ended): (Vec<SymptomAnswer>, bool) = (Vec::new(), false);
    for event in events {
        assert!(!ended, "nothing follows the outcome");
        let given: Vec<PathwayAnswer> = answers.iter().map(PathwayAnswer::from).collect();
        match event {
            SymptomCheckEvent::Started(_) => panic!("it starts once"),
            SymptomCheckEvent::Asked(asked) => {
                let Ok(Step::Ask(question)) = next(release, &person, &given) else { panic!("it asks") };
                assert_eq!(question.id, asked.question.get().expect("open").as_str());
            }
            SymptomCheckEvent::Answered(answered) => answers.push(answered.answer.get().expect("open").clone()),
            SymptomCheckEvent::Revised(revised) => {
                let (at, stay) = (usize::from(revised.place) - 1, usize::from(revised.stay));
                assert!(answers[at] == *revised.was.get().expect("open"), "the old answer is kept");
                let fallen = answers.split_off(at + 1 + stay);
                let told = revised.fallen.iter().map(|answer| answer.get().expect("open"));
                assert!(fallen.iter().eq(told), "the answers that fall away are kept");
                answers[at] = revised.answer.get().expect("open").clone();
            }
            SymptomCheckEvent::Abandoned(_)
            | SymptomCheckEvent::Resumed(_)
            | SymptomCheckEvent::Flagged(_)
            | SymptomCheckEvent::Claimed(_) => {}
            SymptomCheckEvent::Disposed(disposed) => {
                ended = true;
                let stored = disposed.outcome.get().expect("open");
                let Ok(Step::Dispose { outcome, because }) = next(release, &person, &given) else { panic!("it ends") };
                assert_eq!(outcome.id, stored.outcome.as_str());
                assert_eq!((outcome.disposition, outcome.time_frame), (stored.disposition, stored.time_frame));
                assert_eq!(
                    (because.question.id.as_str(), because.rule),
                    (stored.question.as_str(), stored.rule.into())
                );
                assert_eq!(because.demographics, stored.demographics);
                assert!(because.answers.into_iter().cloned().eq(stored.answers.iter().map(PathwayAnswer::from)));
            }
        }
    }
    (started, answers, ended)
}

fn release(id: &PathwayReleaseId) -> &'static Release {
    CATALOGUE.release(id.pathway(), id.number()).expect("a release")
}

/// A random answer that the question offers. A red flag is seldom raised, because it would end most checks at once.
fn random_answer(dice: &mut CheckDice, question: &Question, person: &Demographics) -> SymptomAnswerValue {
    match &question.answer {
        AnswerType::Choice { options } => {
            let calm = options.iter().find(|option| option.value == "no").filter(|_| question.red_flag);
            let calm = calm.filter(|_| dice.below(30) > 0);
            choice(&calm.unwrap_or_else(|| dice.pick(options)).value)
        }
        AnswerType::Number { min, max, decimals, .. } => {
            let step = 10_i64.pow(u32::from(DECIMALS_MAX - decimals));
            let steps = dice.between(0, (max.thousandths() - min.thousandths()) / step);
            let number = Decimal::from_thousandths(min.thousandths() + steps * step);
            SymptomAnswerValue::Number { number: number.expect("within the bounds") }
        }
        AnswerType::Date { days_ago_min, days_ago_max } => {
            let days = dice.between(i64::from(*days_ago_min), i64::from(*days_ago_max));
            SymptomAnswerValue::Date { date: person.today.plus_days(-days) }
        }
        AnswerType::Text { .. } => {
            let texts = [None, Some("since Tuesday, worse at night".parse().expect("a text"))];
            SymptomAnswerValue::Text { text: dice.pick(&texts).clone() }
        }
    }
}

/// A random check of this person with this release, from its start to its outcome.
fn check_at_random(dice: &mut CheckDice, release: &Release, subject: SubjectId) -> Replay {
    let document = release.document();
    let person = PersonWithSymptoms {
        age_years: u8::try_from(dice.between(document.ages.min.into(), document.ages.max.into())).expect("an age"),
        sex: *dice.pick::<Sex>(&document.sexes),
        party: *dice.pick::<Party>(&document.parties),
    };
    let own = check(u32::try_from(dice.below(1_000_000)).expect("small")).to_string();
    let own = own.rsplit('.').next().expect("a part").to_owned();
    let id: SymptomCheckId = format!("{}.{}.{own}", release.pathway(), release.number()).parse().expect("a check");
    let now = at(NOW).plus_minutes(dice.between(0, 800_000));
    let mut replay = Replay { stored: Vec::new(), state: SymptomCheck::default(), id: id.clone(), subject, now };
    let start = StartSymptomCheck {
        subject,
        check: id,
        person,
        consents_to_storage: true,
        consents_to_sharing: false,
        claim: (subject == nameless()).then(|| code().hash()),
    };
    let states = (&replay.state, &ReleaseStanding::InUse, &CheckingDay::default());
    let decided = start.decide(states, &replay.context());
    replay.store(decided).expect("a check that is possible");
    loop {
        let started = replay.state.of(subject).expect("it was started");
        if started.stage == CheckStage::Disposed {
            return replay;
        }
        let (person, answers) = started.journey().expect("open");
        let given: Vec<PathwayAnswer> = answers.iter().map(PathwayAnswer::from).collect();
        let Ok(Step::Ask(question)) = next(release, &person, &given) else { panic!("it asks") };
        match dice.below(20) {
            0 => replay.interrupt(),
            1 | 2 if !answers.is_empty() => {
                let earlier = &dice.pick(&answers).question;
                let answer = random_answer(dice, release.question(earlier.as_str()).expect("a question"), &person);
                let check = replay.id.clone();
                let revise = ReviseAnswer { subject, check, question: earlier.clone(), answer };
                replay.change(&revise).expect("an answer that is offered");
            }
            3 => {
                let stale = answers.first().map_or("no-question", |answer| answer.question.as_str());
                let command = replay.answer(stale, choice("no"));
                assert_eq!(replay.change(&command), Err("stale-question"));
            }
            4 => {
                let command = replay.answer(&question.id, choice("no-such-option"));
                assert_eq!(replay.change(&command), Err("answer-not-offered"));
            }
            _ => {
                let command = replay.answer(&question.id, random_answer(dice, question, &person));
                replay.change(&command).expect("an answer that is offered");
            }
        }
    }
}

#[test]
fn stored_checks_reproduce_each_question_and_the_outcome() {
    let checks = std::env::var("SYMPTOM_CHECKS").ok().and_then(|checks| checks.parse().ok()).unwrap_or(CHECKS);
    let releases: Vec<&Release> = CATALOGUE.all().collect();
    let mut dice = CheckDice(1);
    let (mut revised, mut outcomes) = (0_usize, std::collections::BTreeSet::new());
    for (release, _) in releases.iter().cycle().zip(0..checks) {
        let mut replay = check_at_random(&mut dice, release, alice());
        let (started, answers, ended) = replayed(&replay.stored);
        assert!(ended && started.person.get().is_some_and(|person| person.today == LONDON.day(started.started_at)));
        let last = answers.last().expect("an answer");
        let again = replay.answer(last.question.as_str(), last.value.clone());
        assert_eq!(replay.change(&again), Err("session-closed"));
        revised += replay.stored.iter().filter(|(kind, _)| *kind == "symptom-check.answer-revised.v1").count();
        let (kind, data) = replay.stored.last().expect("events");
        let Ok(SymptomCheckEvent::Disposed(end)) = testing::opened(|| SymptomCheckEvent::decode(kind, data)) else {
            panic!("it ends with its outcome")
        };
        outcomes.insert(format!("{} {}", release.pathway(), end.outcome.get().expect("open").outcome));
    }
    assert!(revised > releases.len() && outcomes.len() > 5 * releases.len(), "{revised} {}", outcomes.len());
}

#[test]
fn a_claimed_check_reproduces_its_questions_and_the_outcome_of_the_check_before() {
    let mut dice = CheckDice(2);
    for release in CATALOGUE.all() {
        let before = check_at_random(&mut dice, release, nameless());
        let number = check(7).number().clone();
        let claim = ClaimSymptomCheck {
            subject: alice(),
            from: before.id.clone(),
            code: code(),
            number,
            consents_to_sharing: false,
        };
        let (id, now) = (claim.into_check(), before.now);
        let mut after = Replay { stored: Vec::new(), state: SymptomCheck::default(), id, subject: alice(), now };
        let states = (&before.state, &after.state, &ReleaseStanding::InUse, &CheckingDay::default());
        let mut decision = claim.decide(states, &after.context()).expect("it is claimed");
        let (_, last) = decision.events.pop().expect("events");
        assert_eq!(last.kind(), "symptom-check.claimed.v1");
        after.store(Ok(decision)).expect("stored");
        let ((started, answers, ended), (was, given, _)) = (replayed(&after.stored), replayed(&before.stored));
        assert!(ended && answers == given && started.person == was.person && started.started_at == was.started_at);
    }
}
