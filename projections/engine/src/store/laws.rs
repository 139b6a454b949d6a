//! The laws of saves that several read models make at the same moment, on both databases.

use event_core::Key;
use event_follow::{Checkpoint, HeldLease};
use futures::future::join_all;
use uuid::Uuid;

use super::{CheckpointAdvance, LEASE, ModelKey, OwnedBuild, Store, follow_role};
use crate::{ViewsError, fold::Saved};

const NAMES: [&str; 12] = [
    "authors", "books", "branches", "fines", "holds", "loans", "members", "readers", "reviews", "shelves", "tags",
    "visits",
];
const EVENT: Uuid = Uuid::from_u128(7);

/// The builds of these read models, each with its owner.
async fn owned(store: &Store) -> Vec<OwnedBuild> {
    let mut all = Vec::new();
    for name in NAMES {
        let model = ModelKey { name, version: 1 };
        let found = store.builds.ensure_live(model, Uuid::from_u128(1)).await.expect("a live build");
        let lease = match &store.shared {
            Some(shared) => {
                let lease = HeldLease::take(shared.leases(), &follow_role(model), "laws", LEASE).await;
                Some(lease.expect("the database answers").expect("the lease is free"))
            }
            None => None,
        };
        let claimed = store.builds.claim(&model.build(found.build), lease.as_ref()).await.expect("claims");
        all.push(claimed.expect("it is live"));
    }
    all
}

fn step(from: u64, to: u64) -> CheckpointAdvance {
    let to = Checkpoint { position: to, event_id: Some(EVENT), recorded_at: 9 };
    CheckpointAdvance { from, to }
}

fn row(text: &str) -> Saved {
    (Key::new("one", "row"), Some(text.as_bytes().to_vec()))
}

async fn checkpoint(store: &Store, own: &OwnedBuild) -> Checkpoint {
    store.builds.live(own.build.key()).await.expect("readable").expect("a live build").checkpoint
}

/// Saves of all at once; those with an odd place have a row.
async fn save_all(store: &Store, own: &[OwnedBuild], from: u64, to: u64) -> Vec<Result<(), ViewsError>> {
    let save = |(place, own): (usize, &OwnedBuild)| {
        let rows = if place % 2 == 1 { vec![row(own.build.name)] } else { Vec::new() };
        let own = *own;
        async move { store.rows.save(&own.build, own.epoch, rows, step(from, to)).await }
    };
    join_all(own.iter().enumerate().map(save)).await
}

/// The outcome of a save does not depend on the other saves in its group.
pub async fn each_save_has_its_own_outcome(store: Store) {
    let mut own = owned(&store).await;
    assert!(save_all(&store, &own, 0, 5).await.iter().all(Result::is_ok));
    for (place, own) in own.iter().enumerate() {
        assert_eq!(checkpoint(&store, own).await, step(0, 5).to, "{}", own.build.name);
        let rows = store.rows.load(&own.build, &[Key::new("one", "row")]).await.expect("readable");
        assert_eq!(rows.len(), place % 2, "{}", own.build.name);
    }

    // Without a row and with one, two belong to another owner by now.
    own[2].epoch += 1_000;
    own[5].epoch += 1_000;
    let answers = save_all(&store, &own, 5, 6).await;
    for (place, (answer, own)) in answers.iter().zip(&own).enumerate() {
        let is_superseded = place == 2 || place == 5;
        assert_eq!(matches!(answer, Err(ViewsError::Superseded(name)) if *name == own.build.name), is_superseded);
        assert_eq!(answer.is_ok(), !is_superseded, "{}", own.build.name);
        assert_eq!(checkpoint(&store, own).await.position, if is_superseded { 5 } else { 6 }, "{}", own.build.name);
    }
    // A checkpoint that is elsewhere is not moved, either.
    let answers = save_all(&store, &own[6..], 5, 7).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(ViewsError::Superseded(_)))));
}

/// A follower that is stopped in the middle takes no other with it.
pub async fn a_save_that_is_cancelled_leaves_the_others_in_its_group(store: Store) {
    let own = owned(&store).await;
    let cancelled = own[0];
    for round in 0..20 {
        let cancelled = tokio::spawn({
            let rows = std::sync::Arc::clone(&store.rows);
            async move { rows.save(&cancelled.build, cancelled.epoch, Vec::new(), step(0, 99)).await }
        });
        let others = save_all(&store, &own[1..], round, round + 1);
        let (others, ()) = futures::future::join(others, async {
            tokio::task::yield_now().await;
            cancelled.abort();
        })
        .await;
        assert!(others.iter().all(Result::is_ok), "round {round}: {others:?}");
    }
}

mod on_sqlite {
    use super::*;
    use crate::store::open;

    async fn store(folder: &tempfile::TempDir) -> Store {
        open(&format!("sqlite:{}", folder.path().join("views.db").display())).await.expect("opens")
    }

    #[tokio::test]
    async fn each_save_has_its_own_outcome() {
        let folder = tempfile::tempdir().expect("a folder");
        super::each_save_has_its_own_outcome(store(&folder).await).await;
    }

    #[tokio::test]
    async fn a_save_that_is_cancelled_leaves_the_others_in_its_group() {
        let folder = tempfile::tempdir().expect("a folder");
        super::a_save_that_is_cancelled_leaves_the_others_in_its_group(store(&folder).await).await;
    }

    /// The fault of one statement is that of its read model only.
    #[tokio::test]
    async fn a_build_without_its_table_does_not_stop_the_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        let own = owned(&store).await;
        let file = format!("sqlite:{}", folder.path().join("views.db").display());
        let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&file).await.expect("connects");
        let drop = format!("DROP TABLE {}", own[3].build.table());
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut connection).await.expect("dropped");
        let answers = save_all(&store, &own, 0, 5).await;
        let failed: Vec<usize> = (0..NAMES.len()).filter(|place| answers[*place].is_err()).collect();
        assert_eq!(failed, [3]);
    }
}

mod on_postgres {
    use super::*;
    use crate::store::{open, port::PeerNotification};

    async fn store(database: &local::postgres::Database) -> Store {
        open(&database.url("owner").await).await.expect("opens")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn each_save_has_its_own_outcome() {
        let database = local::postgres::Database::default();
        super::each_save_has_its_own_outcome(store(&database).await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_save_that_is_cancelled_leaves_the_others_in_its_group() {
        let database = local::postgres::Database::default();
        super::a_save_that_is_cancelled_leaves_the_others_in_its_group(store(&database).await).await;
    }

    /// A row that another transaction holds does not hold up the others, and is saved once it is free.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_checkpoint_that_is_locked_is_moved_alone_and_each_move_is_told() {
        let database = local::postgres::Database::default();
        let store = store(&database).await;
        let own = owned(&store).await;
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&database.url("owner").await).await;
        let connection = connection.as_mut().expect("connects");
        let lock = "BEGIN; SELECT FROM views.projection WHERE name = 'authors' FOR UPDATE";
        sqlx::raw_sql(lock).execute(&mut *connection).await.expect("locked");
        let mut told = store.shared.as_ref().expect("shared").listen().await.expect("listens");
        let (locked, others) = (own[0], &own[1..]);
        let save = |own: OwnedBuild| {
            let rows = &store.rows;
            async move { rows.save(&own.build, own.epoch, Vec::new(), step(0, 5)).await }
        };
        let free = async {
            let answers = join_all(others.iter().map(|own| save(*own))).await;
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
            sqlx::raw_sql("COMMIT").execute(&mut *connection).await.expect("free");
        };
        let (answer, ()) = futures::future::join(save(locked), free).await;
        answer.expect("it is saved once the row is free");
        let (mut names, mut notifications) = (std::collections::BTreeSet::new(), 0);
        while names.len() < NAMES.len() {
            let heard = told.next().await.expect("it hears");
            let Some(PeerNotification::Advanced(advances)) = heard else { continue };
            notifications += 1;
            for advance in advances.into_iter().filter(|advance| advance.position == 5) {
                assert!(names.insert(advance.name), "each is told once");
            }
        }
        assert!(notifications < NAMES.len(), "those that are saved together are told together: {notifications}");
    }
}
