//! The demonstration: invented practices, patients, a clinic of today and two weeks of clinic sessions, all created by commands with
//! derived ids and keys. A second start therefore repeats the existing data and publishes only the missing sessions.

mod callers;
mod messages;
mod origins;
mod people;
mod prescriptions;
mod todays_clinic;
mod try_it;
mod waiting;

use anyhow::{Context, bail};
use command_engine::{Failure, Origin};
use domain::{
    appointments::{PublishSession, rejections},
    practices::OpenPractice,
    registrations::RegisterPatient,
};
use event_core::{Caller, Command, Issuer, LocalDate, Timestamp};
use futures::{StreamExt, TryStreamExt, future::BoxFuture, stream};
use host::{Demo, app::App, demo_key::DEMO_ISSUER, roles::Role};
use jiff::civil::Weekday;
use vocabulary::{
    access::{CallerRole, Permission},
    appointments::Practitioner,
    practices::PracticeSettings,
    text::BirthDate,
    time::LONDON,
};

pub use callers::people_of_pages;
use origins::{DemoCommand, operator, origin};
use people::{
    CLINICS, DAYS, DemoClinic, DemoPractice, HALL, HALL_CLINIC, PRACTICES, Person, VACCINATION_CLINIC,
    VACCINATION_CLINIC_NUMBER, people, session_id,
};
use prescriptions::WITH_PLANS;

/// The number of commands that are submitted to the log at a time, so that they share its commits.
const AT_A_TIME: usize = 64;

/// Creates the demonstration's data and its callers' tokens if this process accepts commands, and the lines to copy if
/// it also answers queries.
///
/// # Errors
/// If a command fails, except for a repeat of an earlier one.
pub fn fill(demo: Demo<'_>) -> BoxFuture<'_, anyhow::Result<Option<String>>> {
    Box::pin(async move {
        let Demo { app, key, data, public } = demo;
        if !app.roles.has(Role::Command) {
            return Ok(None);
        }
        let (people, issuer) = (people(), DEMO_ISSUER.parse()?);
        give(app, PRACTICES.iter().chain([&HALL]).map(|site| open_practice(&issuer, site)).collect()).await?;
        give(app, people.iter().map(|person| register(&issuer, person)).collect()).await?;
        give(app, people.iter().map(|person| messages::contact(&issuer, person)).collect()).await?;
        give(app, people.iter().map(|person| messages::preferences(&issuer, person)).collect()).await?;
        give(app, people.first().map(|alice| messages::welcome(&issuer, alice)).into_iter().collect()).await?;
        todays_clinic::open(app, &issuer, &people).await?;
        let today = LONDON.day(Timestamp::from_jiff(jiff::Timestamp::now()));
        give(app, sessions(&issuer, today)).await?;
        give(app, vaccinations(&issuer, today)).await?;
        give_waiting(app, &issuer, &people).await?;
        give_prescriptions(app, &issuer, &people).await?;
        let alice = people.first().context("nobody is in the cast")?;
        let tokens = try_it::tokens(key, data, alice)?;
        match &app.views {
            Some(views) if app.roles.has(Role::Query) => {
                app.caught_up().await;
                let quick_start = try_it::prepare(views, tokens, data, alice).await?;
                Ok(Some(quick_start.text(public)))
            }
            Some(_) | None => Ok(None),
        }
    })
}

/// Each step needs the events of the one before.
async fn give_waiting(app: &App, issuer: &Issuer, people: &[Person]) -> anyhow::Result<()> {
    let today = LONDON.day(Timestamp::from_jiff(jiff::Timestamp::now()));
    let publish = |day| publish(issuer, &PRACTICES[0], day, waiting::FULL_CLINIC_NUMBER, &waiting::FULL_CLINIC);
    give(app, waiting::days(today).map(publish).collect()).await?;
    give(app, waiting::bookings(issuer, people, today)).await?;
    give(app, waiting::in_line(issuer, people, today)).await
}

/// Each step needs the events of the one before.
async fn give_prescriptions(app: &App, issuer: &Issuer, people: &[Person]) -> anyhow::Result<()> {
    let today = LONDON.day(Timestamp::from_jiff(jiff::Timestamp::now()));
    let with_plans = || WITH_PLANS.iter().filter_map(|n| people.get(*n));
    give(app, prescriptions::open_pharmacies(issuer)).await?;
    give(app, with_plans().flat_map(|person| prescriptions::authorise(issuer, person, today)).collect()).await?;
    give(app, with_plans().map(|person| prescriptions::nominate(issuer, person)).collect()).await?;
    give(app, prescriptions::requests(issuer, people)).await?;
    give(app, prescriptions::approvals(issuer, people)).await?;
    give(app, prescriptions::sent(issuer, people)).await
}

async fn give<C: Command>(app: &App, commands: Vec<DemoCommand<C>>) -> anyhow::Result<()> {
    let submit = |given: DemoCommand<C>| async move {
        let (command, origin) = given?;
        match app.engine.submit(&command, origin).await {
            Ok(_) => Ok(()),
            Err(failure) if is_of_earlier_start(&failure) => Ok(()),
            Err(failure) => bail!("{}: {failure}", C::NAME),
        }
    };
    stream::iter(commands.into_iter().map(submit)).buffer_unordered(AT_A_TIME).try_collect().await
}

/// True if this was created by another version of the demonstration, or people wait or have bookings since an earlier
/// start. The existing data is kept.
fn is_of_earlier_start(failure: &Failure) -> bool {
    let kept = [rejections::ALREADY_WAITING.code, rejections::LIMIT_REACHED.code];
    let is_kept = |code: &str| kept.contains(&code);
    matches!(failure, Failure::KeyReused)
        || matches!(failure, Failure::Rejected(rejected) | Failure::RejectedBefore(rejected) if is_kept(rejected.rejection.code))
}

fn open_practice(issuer: &Issuer, practice: &DemoPractice) -> DemoCommand<OpenPractice> {
    let command = OpenPractice {
        practice: practice.code.parse()?,
        name: practice.name.parse()?,
        address: practice.address.parse()?,
        settings: PracticeSettings { offer_minutes: practice.offer_minutes, ..PracticeSettings::default() },
    };
    Ok((command, origin(operator(issuer), practice.code)))
}

fn staff(issuer: &Issuer, practice: &DemoPractice) -> Caller {
    Caller {
        issuer: issuer.clone(),
        id: format!("reception-{}", practice.code).into(),
        role: CallerRole::Staff.into(),
        permissions: vec![Permission::Registration.into(), Permission::Clinics.into(), Permission::Messaging.into()],
        organisation: practice.code.parse().ok(),
        level: None,
    }
}

fn register(issuer: &Issuer, person: &Person) -> DemoCommand<RegisterPatient> {
    let command = RegisterPatient {
        subject: person.subject.parse()?,
        practice: person.practice.code.parse()?,
        name: person.name.parse()?,
        nhs_number: person.nhs_number.clone(),
        born_on: BirthDate(person.born_on.parse()?),
    };
    Ok((command, Origin::new(staff(issuer, person.practice), format!("demonstration-{}", person.subject))))
}

fn sessions(issuer: &Issuer, today: LocalDate) -> Vec<DemoCommand<PublishSession>> {
    let weekday = |day: &LocalDate| !matches!(day.civil().weekday(), Weekday::Saturday | Weekday::Sunday);
    let days = (1..=DAYS).map(|n| today.plus_days(n)).filter(weekday);
    let of_day = |day: LocalDate| PRACTICES.iter().flat_map(move |practice| clinics_of(issuer, practice, day));
    days.flat_map(of_day).collect()
}

fn vaccinations(issuer: &Issuer, today: LocalDate) -> Vec<DemoCommand<PublishSession>> {
    let publish = |n, site, clinic| publish(issuer, site, today.plus_days(n), VACCINATION_CLINIC_NUMBER, clinic);
    let sites = [(&PRACTICES[0], &VACCINATION_CLINIC), (&HALL, &HALL_CLINIC)];
    (1..=DAYS).flat_map(|n| sites.map(|(site, clinic)| publish(n, site, clinic))).collect()
}

fn clinics_of(
    issuer: &Issuer,
    practice: &'static DemoPractice,
    day: LocalDate,
) -> impl Iterator<Item = DemoCommand<PublishSession>> {
    CLINICS.iter().enumerate().map(move |(n, clinic)| publish(issuer, practice, day, n, clinic))
}

fn publish(
    issuer: &Issuer,
    practice: &DemoPractice,
    day: LocalDate,
    n: usize,
    clinic: &DemoClinic,
) -> DemoCommand<PublishSession> {
    let session = session_id(practice, day, n);
    let key = format!("demonstration-{session}");
    let command = PublishSession {
        practitioner_id: None,
        released_at: None,
        session: session.parse()?,
        on: day,
        from: clinic.from.parse()?,
        until: clinic.until.parse()?,
        slot_minutes: clinic.slot_minutes,
        capacity: 1,
        service: clinic.service.parse()?,
        channel: clinic.channel,
        practitioner: Practitioner { name: clinic.practitioner.parse()?, role: clinic.role.parse()? },
    };
    Ok((command, Origin::new(staff(issuer, practice), key)))
}
