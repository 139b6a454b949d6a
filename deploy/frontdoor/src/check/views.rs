//! Checks that views equal the fold of the log up to their checkpoint. All stored and folded rows are held in memory
//! (about 1 KiB each).

use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};
use uuid::Uuid;

use super::{
    event::CheckedEvent,
    findings::Findings,
    folds,
    second_fold::{Rows, SecondFold},
};

const LIVE: &str = "SELECT name, version, build, position, event_id, lineage FROM projection WHERE live ORDER BY name";
const LIVE_TABLES: &str = "SELECT name, version, build, position, uuid_send(event_id), uuid_send(lineage)
                           FROM projection WHERE live ORDER BY name";

/// The location of the views.
pub enum ViewsSource<'a> {
    Nowhere,
    File(&'a mut SqliteConnection),
    /// In one snapshot.
    Tables(PgConnection),
}

/// Name, version, build, position, the id of the event at that position, and the lineage of the log that the rows were
/// made from.
type Live = (String, i64, i64, i64, Option<Vec<u8>>, Vec<u8>);

impl ViewsSource<'_> {
    async fn live(&mut self) -> sqlx::Result<Vec<Live>> {
        match self {
            ViewsSource::Nowhere => Ok(Vec::new()),
            ViewsSource::File(connection) => sqlx::query_as(LIVE).fetch_all(&mut **connection).await,
            ViewsSource::Tables(connection) => sqlx::query_as(LIVE_TABLES).fetch_all(connection).await,
        }
    }

    async fn rows(&mut self, table: &str) -> sqlx::Result<Vec<(String, String, Vec<u8>)>> {
        let all = AssertSqlSafe(format!("SELECT partition, sort, row FROM {table}"));
        match self {
            ViewsSource::Nowhere => Ok(Vec::new()),
            ViewsSource::File(connection) => sqlx::query_as(all).fetch_all(&mut **connection).await,
            ViewsSource::Tables(connection) => sqlx::query_as(all).fetch_all(connection).await,
        }
    }
}

/// The live build of every read model.
#[derive(Default)]
pub struct CheckedViews {
    builds: Vec<CheckedBuild>,
    /// The last position of the log.
    end: u64,
}

struct CheckedBuild {
    name: String,
    table: String,
    position: u64,
    event_id: Option<Vec<u8>>,
    lineage: Vec<u8>,
    fold: &'static SecondFold,
    stored: Rows,
    folded: Rows,
}

impl CheckedViews {
    /// Reads the stored rows. If there are no views, there is nothing to check, because views can be deleted.
    pub async fn read(mut stored: ViewsSource<'_>, findings: &mut Findings) -> CheckedViews {
        let mut views = CheckedViews::default();
        if matches!(stored, ViewsSource::Nowhere) {
            return views;
        }
        let live = match stored.live().await {
            Ok(live) => live,
            Err(error) => {
                findings.line(format!("the views: the list of read models cannot be read: {error}"));
                return views;
            }
        };
        each_has_one_build(&live, findings);
        for live in live {
            let label = format!("{} version {}", live.0, live.1);
            let superseded = folds::all().any(|fold| fold.name == live.0 && live.1 < fold.version);
            let Some(build) = CheckedBuild::of(live) else {
                // During a rolling upgrade, servers of the previous version still read the rows of its read models.
                if !superseded {
                    findings.line(format!("{label}: this binary does not know it"));
                }
                continue;
            };
            match stored.rows(&build.table).await {
                Ok(rows) => views.builds.push(build.holding(rows)),
                Err(error) => findings.line(format!("{}: its rows cannot be read: {error}", build.name)),
            }
        }
        views
    }

    /// The number of read models to check.
    pub fn count(&self) -> usize {
        self.builds.len()
    }

    /// Checks that the rows were made from the log of this lineage.
    pub fn belong_to(&self, lineage: Uuid, findings: &mut Findings) {
        for build in self.builds.iter().filter(|build| build.lineage != lineage.as_bytes()) {
            findings.line(format!("{}: its rows were made from another log than {lineage}", build.name));
        }
    }

    pub fn event(&mut self, event: &CheckedEvent, findings: &mut Findings) {
        self.end = event.position;
        for build in self.builds.iter_mut().filter(|build| event.position <= build.position) {
            build.fold.event(&mut build.folded, event, findings);
            if event.position == build.position && build.event_id.as_ref().is_some_and(|id| *id != event.id) {
                findings.add("care", event.position, format!("{} was made from another event here", build.name));
            }
        }
    }

    pub fn end(self, findings: &mut Findings) {
        for build in self.builds {
            if build.position > self.end {
                let (name, position, end) = (&build.name, build.position, self.end);
                findings.add("care", position, format!("{name} has come to here, beyond the log's end at {end}"));
            }
            build.compare(findings);
        }
    }
}

/// Queries read the live build of each read model: without one they return nothing, and with two the result is
/// arbitrary.
fn each_has_one_build(live: &[Live], findings: &mut Findings) {
    for SecondFold { name, version, .. } in folds::all() {
        match live.iter().filter(|live| live.0 == *name && live.1 == *version).count() {
            0 => findings.line(format!("{name} version {version}: it has no live build")),
            1 => {}
            count => findings.line(format!("{name} version {version}: it has {count} live builds")),
        }
    }
}

impl CheckedBuild {
    fn of((name, version, build, position, event_id, lineage): Live) -> Option<CheckedBuild> {
        let fold = folds::all().find(|fold| fold.name == name && fold.version == version)?;
        Some(CheckedBuild {
            table: format!("view_{name}_v{version}_b{build}"),
            name,
            position: u64::try_from(position).unwrap_or(0),
            event_id,
            lineage,
            fold,
            stored: Rows::new(),
            folded: Rows::new(),
        })
    }

    fn holding(mut self, rows: Vec<(String, String, Vec<u8>)>) -> CheckedBuild {
        // A row that is not valid JSON differs from every expected row and is found in the comparison.
        let value = |bytes: Vec<u8>| serde_json::from_slice(&bytes).unwrap_or_default();
        self.stored = rows.into_iter().map(|(partition, sort, row)| ((partition, sort), value(row))).collect();
        self
    }

    fn compare(&self, findings: &mut Findings) {
        let (name, position) = (&self.name, self.position);
        let mut wrong = |key: &(String, String), what: &str| {
            findings.line(format!("{name} at care:{position}: the row {} {} {what}", key.0, key.1));
        };
        for (key, folded) in &self.folded {
            match self.stored.get(key) {
                None => wrong(key, "is lost"),
                Some(stored) if stored != folded => wrong(key, "is not what the log says"),
                Some(_) => {}
            }
        }
        for key in self.stored.keys().filter(|key| !self.folded.contains_key(*key)) {
            wrong(key, "should not be there");
        }
    }
}
