//! Rules for a log that several nodes write: two `Log`s on one real PostgreSQL, each with a cache of its own.

use std::time::Duration;

use event_core::{LogName, StreamName};
use event_log::{
    Append, Condition, Expected, Granted, Idempotency, Log, LogError, LogOptions, NewEvent, Provenance, Refused,
    lease::Mark, postgres,
};
use futures::{StreamExt, future::join, stream};
use local::postgres::{Database, SERVER};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

/// Rounds of a race between two nodes.
const ROUNDS: usize = 10_000;
/// Rounds that run at the same time.
const AT_ONCE: usize = 128;

fn stream(id: impl std::fmt::Display) -> StreamName {
    StreamName::of("session", id)
}

/// An append to the first stream, if all of them are at these revisions.
fn append(conditions: &[(&StreamName, u64)], events: usize) -> Append {
    let to = |_| NewEvent {
        stream: conditions[0].0.clone(),
        id: Uuid::now_v7(),
        kind: "appointment.slot-taken.v1",
        data: "{}".into(),
    };
    let condition = |(stream, revision): &(&StreamName, u64)| Condition {
        stream: (*stream).clone(),
        expected: Expected::Revision(*revision),
    };
    Append {
        conditions: conditions.iter().map(condition).collect(),
        events: (0..events).map(to).collect(),
        provenance: Provenance::by(r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null}"#),
        idempotency: None,
        depends_on: Vec::new(),
        may_use_reserve: false,
    }
}

async fn two_nodes() -> (Database, Log, Log) {
    let database = Database::new();
    let url = database.url("server").await;
    let node = async || Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
    let (one, other) = (node().await, node().await);
    (database, one, other)
}

fn is_stored(outcome: &Result<Granted, Refused>) -> bool {
    match outcome {
        Ok(Granted::Stored(_)) => true,
        Err(Refused::Conflict { .. }) => false,
        other => panic!("neither stored nor a conflict: {other:?}"),
    }
}

/// All events of the log, after a check that positions have no gaps and times never go back.
async fn whole(log: &Log, url: &str) -> Vec<event_core::Raw> {
    // The other node may have stored last.
    log.close().await;
    let log = Log::open(url, LogName::Care, LogOptions::default()).await.expect("it opens");
    let mut events: Vec<event_core::Raw> = Vec::new();
    while (events.len() as u64) < log.end() {
        events.extend(log.read(events.len() as u64, 5_000).await.expect("readable"));
    }
    assert!(events.iter().zip(1..).all(|(event, position)| event.position == position));
    assert!(events.is_sorted_by_key(|event| event.recorded_at));
    events
}

/// The trap: a condition is checked on an old snapshot, which allows a double booking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_take_one_slot_one_gets_it() {
    let (database, one, other) = two_nodes().await;
    let round = |round: usize| {
        let (one, other) = (one.clone(), other.clone());
        async move {
            let slot = stream(round);
            let race = join(one.append(append(&[(&slot, 0)], 1)), other.append(append(&[(&slot, 0)], 1)));
            let (first, second) = race.await;
            assert_ne!(is_stored(&first), is_stored(&second), "round {round}");
        }
    };
    stream::iter(0..ROUNDS).map(round).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    assert_eq!(whole(&one, &database.url("server").await).await.len(), ROUNDS);
}

/// The trap: write skew over a stream that is only read. Each node writes its own stream and reads the other one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_each_read_what_the_other_writes_one_is_stored() {
    let (database, one, other) = two_nodes().await;
    let round = |round: usize| {
        let (one, other) = (one.clone(), other.clone());
        async move {
            let (a, b) = (stream(format_args!("a{round}")), stream(format_args!("b{round}")));
            let race = join(one.append(append(&[(&a, 0), (&b, 0)], 1)), other.append(append(&[(&b, 0), (&a, 0)], 1)));
            let (first, second) = race.await;
            assert_ne!(is_stored(&first), is_stored(&second), "round {round}");
        }
    };
    stream::iter(0..ROUNDS).map(round).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    assert_eq!(whole(&one, &database.url("server").await).await.len(), ROUNDS);
}

/// Both nodes count on the same streams, each on the revision that it read. Each request is sent to both nodes, so one
/// is a repeat.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_nodes_count_together_is_what_they_acknowledged() {
    const WISHES: u64 = 400;
    let (database, one, other) = two_nodes().await;
    let wish = |wish: u64| {
        let (one, other) = (one.clone(), other.clone());
        async move { join(count(&one, wish), count(&other, wish)).await }
    };
    let outcomes: Vec<_> = stream::iter(0..WISHES).map(wish).buffer_unordered(16).collect().await;
    assert!(
        outcomes.iter().all(|(first, second)| first != second),
        "each request is stored by one node, and repeated by the other"
    );
    let events = whole(&one, &database.url("server").await).await;
    assert_eq!(events.len() as u64, 2 * WISHES);
}

/// Appends two events to one of five streams, and tries again on conflicts. True if this node stored them.
async fn count(log: &Log, wish: u64) -> bool {
    let counter = stream(format_args!("counter{}", wish % 5));
    let mut key = [0; 32];
    key[..8].copy_from_slice(&wish.to_be_bytes());
    loop {
        let seen = log.read_stream(&counter, 1, 5_000).await.expect("readable").len() as u64;
        let mut asked = append(&[(&counter, seen)], 2);
        asked.idempotency = Some(Idempotency { command_key: key, earlier_key: None, request_hash: key, outcome: None });
        match log.append(asked).await {
            Ok(Granted::Stored(_)) => return true,
            Ok(Granted::Repeated(stored)) => {
                assert_eq!(stored.len(), 2);
                return false;
            }
            Err(Refused::Conflict { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// One node refuses a command and the other grants it, at the same time: both answer with the decision that came first.
#[tokio::test]
async fn a_command_that_two_nodes_decide_differently_at_once_has_one_outcome() {
    let (_database, one, other) = two_nodes().await;
    let (mut refused, mut granted) = (0, 0);
    for round in 0_u8..200 {
        let desk = stream(format_args!("race{round}"));
        let (key, outcome) = ([round; 32], Some("no".into()));
        let idempotency = Idempotency { command_key: key, earlier_key: None, request_hash: key, outcome };
        let ask = |events| Append { idempotency: Some(idempotency.clone()), ..append(&[(&desk, 0)], events) };
        let (no, yes) = join(one.append(ask(0)), other.append(ask(1))).await;
        match (no.expect("granted"), yes.expect("granted")) {
            (Granted::Holds { position: 0 }, Granted::Remembered { position: 0, .. }) => refused += 1,
            (Granted::Repeated(first), Granted::Stored(stored)) if first == stored => granted += 1,
            two => panic!("{two:?}"),
        }
        let again = other.append(ask(1)).await;
        assert!(matches!(again, Ok(Granted::Remembered { .. } | Granted::Repeated(_))), "{again:?}");
    }
    assert_eq!(refused + granted, 200);
}

/// The decision of a command that stores nothing is written with its batch, or not at all: a refusal that was never
/// answered must not be the answer to a repeat.
#[tokio::test]
async fn a_decision_of_a_batch_that_the_database_refuses_is_not_remembered() {
    let database = Database::new();
    let log = Log::open(&database.url("server").await, LogName::Care, LogOptions::default()).await.expect("it opens");
    let mut owner = PgConnection::connect(&database.url("owner").await).await.expect("it connects");
    let broken = "CREATE FUNCTION care.break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'broken' USING ERRCODE = 'disk_full'; END $$; \
         CREATE TRIGGER break BEFORE INSERT ON care.event FOR EACH ROW EXECUTE FUNCTION care.break()";
    sqlx::raw_sql(broken).execute(&mut owner).await.expect("it is done");

    let (desk, other, key) = (stream("broken"), stream("other"), [1; 32]);
    let command = |events: usize, outcome: &'static str| Append {
        idempotency: Some(Idempotency {
            command_key: key,
            earlier_key: None,
            request_hash: key,
            outcome: Some(outcome.into()),
        }),
        ..append(&[(&desk, 0)], events)
    };
    // Submitted without waiting in between, they form one batch.
    let submit = |append| log.submit(append).expect("submitted").outcome;
    let (no, event) = join(submit(command(0, "no")), submit(append(&[(&other, 0)], 1))).await;
    assert!(matches!((&no, &event), (Err(Refused::Unavailable(_)), Err(Refused::Unavailable(_)))), "{no:?} {event:?}");
    let remembered: i64 =
        sqlx::query_scalar("SELECT count(*) FROM care.remembered").fetch_one(&mut owner).await.expect("counted");
    assert_eq!((remembered, log.find(&key).await.expect("readable"), log.end()), (0, None, 0));

    sqlx::raw_sql("DROP TRIGGER break ON care.event").execute(&mut owner).await.expect("it is done");
    assert!(is_stored(&log.append(command(1, "yes")).await));
}

/// A node of an earlier version and one of this version, which gives commands other keys. The node of this version
/// finds the other one's effect in the transaction that would store its own.
#[tokio::test]
async fn a_command_that_a_node_of_an_earlier_version_stores_meanwhile_is_a_repeat() {
    let (_database, before, now) = two_nodes().await;
    let mut repeated = 0;
    for round in 0_u8..200 {
        let desk = stream(format_args!("upgrade{round}"));
        let ask = |key: u8, earlier: Option<u8>| {
            let (command_key, earlier_key) = ([key; 32], earlier.map(|key| [key; 32]));
            let idempotency = Idempotency { command_key, earlier_key, request_hash: [7; 32], outcome: None };
            Append { idempotency: Some(idempotency), ..append(&[(&desk, 0)], 1) }
        };
        let mut of_now = ask(round, Some(round));
        of_now.idempotency.as_mut().expect("a key").command_key[0] = !round;
        match join(before.append(ask(round, None)), now.append(of_now)).await {
            (Ok(Granted::Stored(stored)), Ok(Granted::Repeated(first))) if first == stored => repeated += 1,
            // The earlier version does not know the keys of this one, but its conditions do not hold.
            (Err(Refused::Conflict { .. }), Ok(Granted::Stored(_))) => {}
            two => panic!("{two:?}"),
        }
    }
    assert!(repeated > 0);
}

/// The failure that this prevents: under another default isolation, a batch is compared with a snapshot older than the
/// wait for the lock.
#[tokio::test]
async fn a_session_sets_its_own_durability_and_isolation() {
    let database = Database::new();
    let url = database.url("server").await;
    let mut owner = PgConnection::connect(&database.url("owner").await).await.expect("it connects");
    let named: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut owner).await.expect("named");
    // The trigger records the settings of a session that adds events.
    let defaults = format!(
        "ALTER DATABASE \"{named}\" SET default_transaction_isolation = 'serializable'; \
         ALTER DATABASE \"{named}\" SET synchronous_commit = 'off'; \
         CREATE TABLE care.seen (isolation text, synchronous text); GRANT INSERT ON care.seen TO PUBLIC; \
         CREATE FUNCTION care.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         INSERT INTO care.seen VALUES (current_setting('transaction_isolation'), current_setting('synchronous_commit')); \
         RETURN NULL; END $$; \
         CREATE TRIGGER see AFTER INSERT ON care.event FOR EACH STATEMENT EXECUTE FUNCTION care.see()"
    );
    sqlx::raw_sql(AssertSqlSafe(defaults)).execute(&mut owner).await.expect("it is done");
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
    assert!(is_stored(&log.append(append(&[(&stream("a"), 0)], 1)).await));
    let seen: (String, String) =
        sqlx::query_as("SELECT isolation, synchronous FROM care.seen").fetch_one(&mut owner).await.expect("a row");
    assert_eq!(seen, ("read committed".to_owned(), "on".to_owned()));
}

/// The trap: a wrong refusal, or a wrong grant, from a stale cache.
#[tokio::test]
async fn a_node_whose_cache_is_stale_neither_refuses_nor_grants_wrongly() {
    let (_database, one, other) = two_nodes().await;
    let a = stream("a");
    assert!(is_stored(&one.append(append(&[(&a, 0)], 1)).await));
    assert!(is_stored(&other.append(append(&[(&a, 1)], 1)).await));
    // The first node still has revision 1 in its cache.
    assert_eq!(one.append(append(&[(&a, 2)], 0)).await, Ok(Granted::Holds { position: 2 }));
    assert!(is_stored(&other.append(append(&[(&a, 2)], 1)).await));
    let stale = Err(Refused::Conflict { stream: a.clone(), expected: 2, actual: 3 });
    assert_eq!(one.append(append(&[(&a, 2)], 0)).await, stale, "a decision on what is over is not confirmed");
    assert!(is_stored(&one.append(append(&[(&a, 3)], 1)).await));
}

/// A decision is never stored on a proposal that failed, whatever another node stores in between.
#[tokio::test]
async fn what_rests_on_a_proposal_that_another_node_overtook_is_not_stored() {
    let (_database, one, other) = two_nodes().await;
    let a = stream("a");
    assert!(is_stored(&one.append(append(&[(&a, 0)], 1)).await));
    assert!(is_stored(&other.append(append(&[(&a, 1)], 1)).await));
    let proposal = one.submit(append(&[(&a, 1)], 1)).expect("submitted");
    let mut rests = append(&[(&a, 2)], 1);
    rests.depends_on.push(proposal.ticket);
    let rests = one.submit(rests).expect("submitted");
    assert!(!is_stored(&proposal.outcome.await));
    assert_eq!(rests.outcome.await, Err(Refused::DependencyFailed), "though its revision fits");
}

#[tokio::test]
async fn a_follower_of_one_node_is_woken_by_what_another_stores() {
    let (_database, one, other) = two_nodes().await;
    let mut end = one.watch();
    for position in 1..=20 {
        assert!(is_stored(&other.append(append(&[(&stream(position), 0)], 1)).await));
        let woken = tokio::time::timeout(Duration::from_secs(20), end.wait_for(|end| *end >= position)).await;
        woken.expect("woken in time").expect("the log is open");
        assert_eq!(one.read_without(&[], position - 1, 10).await.expect("readable").len(), 1);
    }
}

/// The server's role can only add events.
#[tokio::test]
async fn what_is_in_the_log_cannot_be_changed_by_the_servers_role() {
    let (database, one, _other) = two_nodes().await;
    assert!(is_stored(&one.append(append(&[(&stream("a"), 0)], 1)).await));
    let mut server = PgConnection::connect(&database.url("server").await).await.expect("it connects");
    for harm in [
        "UPDATE care.event SET data = 'x'",
        "DELETE FROM care.event",
        "TRUNCATE care.event",
        "UPDATE care.log SET name = 'x'",
        "DELETE FROM care.log",
        "DROP TABLE care.event",
        "CREATE TABLE care.other (n integer)",
    ] {
        let refused = sqlx::raw_sql(AssertSqlSafe(harm)).execute(&mut server).await;
        let code = refused.expect_err(harm).as_database_error().and_then(|error| error.code().map(String::from));
        assert_eq!(code.as_deref(), Some("42501"), "{harm}");
    }
}

#[tokio::test]
async fn a_database_that_is_newer_or_not_migrated_is_refused() {
    let database = Database::new();
    let url = database.url("owner").await;
    let mut owner = PgConnection::connect(&url).await.expect("it connects");
    let open = async || match Log::open(&url, LogName::Care, LogOptions::default()).await {
        Err(LogError::Unusable(why)) => why,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it opened"),
    };
    sqlx::raw_sql("INSERT INTO care.migration (number) VALUES (99)").execute(&mut owner).await.expect("it is done");
    assert!(open().await.contains("use a newer binary"));
    assert!(postgres::migrate(&url, LogName::Care, None).await.is_err());
    sqlx::raw_sql("DELETE FROM care.migration WHERE number > 1").execute(&mut owner).await.expect("it is done");
    assert!(open().await.contains("has to be migrated"));
    sqlx::raw_sql("DROP SCHEMA care CASCADE").execute(&mut owner).await.expect("it is done");
    assert!(open().await.contains("has to be migrated"));
    postgres::migrate(&url, LogName::Care, None).await.expect("it is migrated");
    postgres::migrate(&url, LogName::Care, None).await.expect("a second time there is nothing to do");
    assert_eq!(Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens").end(), 0);
    let nowhere = SERVER.url("owner", "nowhere");
    assert!(Log::open(&nowhere, LogName::Care, LogOptions::default()).await.is_err());
}

/// The trap: two leaders. One owner holds a lease; when it expires another takes it, with a higher epoch.
#[tokio::test(flavor = "multi_thread")]
async fn one_holds_a_lease_and_the_next_one_has_a_higher_epoch() {
    let database = Database::new();
    let log = Log::open(&database.url("server").await, LogName::Care, LogOptions::default()).await.expect("opens");
    let leases = log.leases();
    let (long, over) = (Duration::from_secs(600), Duration::ZERO);
    let hold = async |owner: &str, epoch, time| {
        leases.hold("relay", owner, epoch, time).await.expect("answers").map(|lease| (lease.epoch, lease.mark))
    };
    assert_eq!(leases.holder("relay").await.expect("answers"), None);
    assert_eq!(hold("one", None, long).await, Some((1, Mark::default())));
    assert_eq!(hold("two", None, long).await, None);
    let mark = Mark { position: 7, place: 9 };
    assert!(leases.mark("relay", "one", 1, mark).await.expect("answers"));
    assert_eq!(hold("one", Some(1), over).await, Some((1, mark)));
    assert_eq!(hold("two", None, long).await, Some((2, mark)));
    // An owner that was only paused finds that another owner has the lease, and marks nothing.
    assert_eq!(hold("one", Some(1), long).await, None);
    assert!(!leases.mark("relay", "one", 1, Mark { position: 8, place: 10 }).await.expect("answers"));
    let holder = leases.holder("relay").await.expect("answers").expect("an owner");
    assert_eq!((holder.owner.as_str(), holder.epoch, holder.position, holder.holds), ("two", 2, 7, true));
    leases.release("relay", "two", 1).await.expect("answers");
    assert_eq!(hold("one", Some(1), long).await, None, "a late release of an earlier lease gives nothing back");
    leases.release("relay", "two", 2).await.expect("answers");
    assert_eq!(hold("one", Some(1), long).await, None, "a renewal takes no lease that was lost");
    assert_eq!(hold("one", None, long).await, Some((3, mark)));
    // A restarted owner does not know its epoch, and gets a new one.
    assert_eq!(hold("one", Some(3), long).await, Some((3, mark)));
    assert_eq!(hold("one", None, long).await, Some((4, mark)));
    // Seizing takes the lease from the owner that holds it.
    let seized = leases.seize("relay", "two", long).await.expect("answers");
    assert_eq!((seized.epoch, seized.mark), (5, mark));
    assert_eq!(hold("one", Some(4), long).await, None);
}
