//! Reading a view: rows together with their checkpoint, from one snapshot.

use std::{marker::PhantomData, sync::Arc, time::Duration};

use event_core::{Key, Projection};

use crate::{
    ViewsError,
    live_model::{LiveModel, Waited},
    rows::KEYS_MAX,
    scan::{ROWS_MAX, Scan},
    store::{Build, Store},
};

/// The maximum number of attempts at a read when a rebuild replaces its table.
const TRIES_MAX: usize = 3;

/// The result of a read, and the state of the view that it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Read<T> {
    pub value: T,
    /// The position of the last event that the rows contain.
    pub position: u64,
    /// The read model has stopped: its rows are no longer updated.
    pub stopped: bool,
}

/// Reads the live build of the read model `P`.
pub struct Reader<P> {
    pub(crate) store: Arc<Store>,
    pub(crate) kept: Option<Arc<LiveModel>>,
    pub(crate) owner: Arc<str>,
    pub(crate) projection: PhantomData<fn() -> P>,
}

impl<P: Projection> Reader<P> {
    /// # Errors
    /// If the views cannot be read.
    pub async fn row(&self, key: &Key) -> Result<Read<Option<P::Row>>, ViewsError> {
        let kept = self.kept()?;
        if let Some(found) = kept.rows.find(kept.live_build(), key.clone()).await {
            return Ok(self.seen(found.position, found.row.as_deref().map(decoded::<P>).transpose()?));
        }
        let mut tries = self.tries(kept);
        let found = loop {
            let found = self.store.rows.rows(&tries.build, &[key]).await.map(|rows| rows.into_iter().next());
            if let Some((_, found)) = tries.settle(found).await? {
                break found;
            }
        };
        Ok(self.seen(found.position, found.row.as_deref().map(decoded::<P>).transpose()?))
    }

    /// The rows of these keys, in their order: a statement for each `KEYS_MAX` of them. The keys are at least one.
    ///
    /// # Errors
    /// If the views cannot be read.
    pub async fn rows(&self, keys: &[Key]) -> Result<Read<Vec<Option<P::Row>>>, ViewsError> {
        let mut tries = self.tries(self.kept()?);
        let (mut position, mut rows) = (u64::MAX, Vec::with_capacity(keys.len()));
        for part in keys.chunks(KEYS_MAX) {
            let asked: Vec<&Key> = part.iter().collect();
            let mut found = loop {
                let found = self.store.rows.rows(&tries.build, &asked).await;
                // A build that is not live has no answer, not even for keys without a row.
                if let Some(found) =
                    tries.settle(found.map(|found| Some(found).filter(|found| !found.is_empty()))).await?
                {
                    break found;
                }
            };
            found.sort_unstable_by_key(|(at, _)| *at);
            for (_, found) in found {
                position = position.min(found.position);
                rows.push(found.row.as_deref().map(decoded::<P>).transpose()?);
            }
        }
        Ok(self.seen(position, rows))
    }

    /// # Errors
    /// If the views cannot be read.
    pub async fn page(&self, scan: Scan) -> Result<Read<Vec<(String, P::Row)>>, ViewsError> {
        let scan = Scan { limit: scan.limit.min(ROWS_MAX), ..scan };
        let mut tries = self.tries(self.kept()?);
        let page = loop {
            let found = self.store.rows.page(&tries.build, &scan).await;
            if let Some(page) = tries.settle(found).await? {
                break page;
            }
        };
        let row = |(sort, bytes): (String, Vec<u8>)| Ok((sort, decoded::<P>(&bytes)?));
        let rows: Result<Vec<_>, ViewsError> = page.rows.into_iter().map(row).collect();
        Ok(self.seen(page.position, rows?))
    }

    /// Waits until the view has reached `position`. Returns `Late` immediately if the view has stopped before it.
    pub async fn wait_for(&self, position: u64, at_most: Duration) -> Waited {
        let Some(kept) = &self.kept else { return Waited::Late };
        match tokio::time::timeout(at_most, kept.reaches(position)).await {
            Ok(waited) => waited,
            Err(_) => Waited::Late,
        }
    }

    fn kept(&self) -> Result<&Arc<LiveModel>, ViewsError> {
        self.kept.as_ref().ok_or_else(|| ViewsError::Unknown(P::NAME.to_owned()))
    }

    fn tries<'a>(&'a self, kept: &'a LiveModel) -> Tries<'a> {
        Tries { store: &self.store, kept, owner: &self.owner, build: kept.live_build(), left: TRIES_MAX }
    }

    fn seen<T>(&self, position: u64, value: T) -> Read<T> {
        let stopped = self.kept.as_ref().is_some_and(|kept| kept.stopped().is_some());
        Read { value, position, stopped }
    }
}

/// Attempts to read from the table of the live build. A rebuild in any process may replace the table between two reads;
/// the database is then asked for the current live build.
struct Tries<'a> {
    store: &'a Store,
    kept: &'a LiveModel,
    owner: &'a str,
    build: Build,
    left: usize,
}

impl Tries<'_> {
    /// The result of a read, or `None` if it has to be repeated.
    async fn settle<T>(&mut self, found: Result<Option<T>, sqlx::Error>) -> Result<Option<T>, ViewsError> {
        self.left -= 1;
        let failed = match found {
            Ok(Some(found)) => return Ok(Some(found)),
            Ok(None) => None,
            // The table may have been dropped. Other errors do not depend on the live build.
            Err(error @ sqlx::Error::Database(_)) => Some(error),
            Err(error) => return Err(error.into()),
        };
        let Some(live) = self.store.builds.live(self.kept.model.key()).await? else {
            self.kept.is_missing();
            return Err(no_live_build());
        };
        let is_other = live.build != self.build.build;
        if is_other {
            self.kept.see(&live, self.owner);
            self.build = self.kept.model.key().build(live.build);
        }
        match failed {
            Some(error) if self.left == 0 || !is_other => Err(error.into()),
            None if self.left == 0 => Err(no_live_build()),
            Some(_) | None => Ok(None),
        }
    }
}

fn no_live_build() -> ViewsError {
    ViewsError::Unusable("the view has no live build".into())
}

fn decoded<P: Projection>(row: &[u8]) -> Result<P::Row, ViewsError> {
    serde_json::from_slice(row).map_err(|cause| ViewsError::Row { name: P::NAME, cause })
}
