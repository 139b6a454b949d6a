//! Views equal the fold of the log up to their checkpoint. All rows are held in memory, stored and folded (about 1 KiB
//! each).

use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::{
    event::Event,
    findings::Findings,
    folds::{self, Fold, Rows},
};

const LIVE: &str = "SELECT name, version, build, position, event_id FROM projection WHERE live = 1 ORDER BY name";

/// The live build of every read model.
#[derive(Default)]
pub struct Views {
    builds: Vec<Build>,
    /// The last position of the log.
    end: u64,
}

struct Build {
    name: String,
    table: String,
    position: u64,
    event_id: Option<Vec<u8>>,
    fold: Fold,
    stored: Rows,
    folded: Rows,
}

impl Views {
    /// Reads the stored rows. Without a file there is nothing to check: views can be deleted.
    pub async fn read(connection: Option<&mut SqliteConnection>, findings: &mut Findings) -> Views {
        let mut views = Views::default();
        let Some(connection) = connection else { return views };
        let live = match sqlx::query(LIVE).fetch_all(&mut *connection).await {
            Ok(live) => live,
            Err(error) => {
                findings.line(format!("views.db: the list of read models cannot be read: {error}"));
                return views;
            }
        };
        for row in live {
            let build = match Build::of(&row) {
                Ok(Some(build)) => build,
                Ok(None) => {
                    findings.line("views.db: a read model's name or version is unknown to this binary".to_owned());
                    continue;
                }
                Err(error) => {
                    findings.line(format!("views.db: the list of read models cannot be read: {error}"));
                    continue;
                }
            };
            match build.rows(connection).await {
                Ok(stored) => views.builds.push(Build { stored, ..build }),
                Err(error) => findings.line(format!("{}: its rows cannot be read: {error}", build.name)),
            }
        }
        views
    }

    pub fn event(&mut self, event: &Event, findings: &mut Findings) {
        self.end = event.position;
        for build in self.builds.iter_mut().filter(|build| event.position <= build.position) {
            (build.fold)(&mut build.folded, event);
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

impl Build {
    fn of(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<Option<Build>> {
        let (name, version, build): (String, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let known = folds::ALL.into_iter().find(|(known, of, _)| *known == name && *of == version);
        let Some((.., fold)) = known else { return Ok(None) };
        Ok(Some(Build {
            table: format!("view_{name}_v{version}_b{build}"),
            name,
            position: u64::try_from(row.try_get::<i64, _>(3)?).unwrap_or(0),
            event_id: row.try_get(4)?,
            fold,
            stored: Rows::new(),
            folded: Rows::new(),
        }))
    }

    async fn rows(&self, connection: &mut SqliteConnection) -> sqlx::Result<Rows> {
        let mut rows = Rows::new();
        let all = AssertSqlSafe(format!("SELECT partition, sort, row FROM {}", self.table));
        let mut found = sqlx::query(all).fetch(connection);
        while let Some(row) = found.try_next().await? {
            let bytes: Vec<u8> = row.try_get(2)?;
            // What is no JSON equals no row, and is found with the others.
            let value = serde_json::from_slice(&bytes).unwrap_or_default();
            rows.insert((row.try_get(0)?, row.try_get(1)?), value);
        }
        Ok(rows)
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
