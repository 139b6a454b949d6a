//! Leases in a PostgreSQL database, by that database's clock. This is a log's database, or another one in which leased
//! work is saved, such as the views' database.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::{Row as _, postgres::PgRow};

use super::{
    connections::Connections,
    rows::{number, signed},
};
use crate::{
    lease::{Holder, Lease, Leases, Mark},
    port::LogError,
};

/// The table of leases. A database other than a log's creates it in a migration of its own.
pub const LEASE_TABLE: &str = include_str!("../../sql/postgres/migrations/0003_lease.sql");

pub struct PgLeases(pub Arc<Connections>);

fn lease(row: &PgRow) -> Result<Lease, LogError> {
    let mark = Mark { position: number(row.try_get(1)?)?, place: number(row.try_get(2)?)? };
    Ok(Lease { epoch: number(row.try_get(0)?)?, mark })
}

#[async_trait]
impl Leases for PgLeases {
    async fn hold(
        &self,
        role: &str,
        owner: &str,
        epoch: Option<u64>,
        time: Duration,
    ) -> Result<Option<Lease>, LogError> {
        let statement = match epoch {
            Some(_) => include_str!("../../sql/postgres/keep.sql"),
            None => include_str!("../../sql/postgres/hold.sql"),
        };
        let query = sqlx::query(statement).bind(role.to_owned()).bind(owner.to_owned()).bind(time.as_secs_f64());
        let query = match epoch {
            Some(epoch) => query.bind(signed(epoch)),
            None => query,
        };
        let Some(row) = self.0.fetch(query).await?.into_iter().next() else { return Ok(None) };
        lease(&row).map(Some)
    }

    async fn seize(&self, role: &str, owner: &str, time: Duration) -> Result<Lease, LogError> {
        let query =
            sqlx::query(include_str!("../../sql/postgres/seize.sql")).bind(role.to_owned()).bind(owner.to_owned());
        let rows = self.0.fetch(query.bind(time.as_secs_f64())).await?;
        let row = rows.first().ok_or_else(|| LogError::Unusable("the lease was not granted".into()))?;
        lease(row)
    }

    async fn mark(&self, role: &str, owner: &str, epoch: u64, mark: Mark) -> Result<bool, LogError> {
        let query =
            sqlx::query(include_str!("../../sql/postgres/mark.sql")).bind(role.to_owned()).bind(owner.to_owned());
        let query = query.bind(signed(epoch)).bind(signed(mark.position)).bind(signed(mark.place));
        Ok(self.0.run(query).await? == 1)
    }

    async fn release(&self, role: &str, owner: &str, epoch: u64) -> Result<(), LogError> {
        let query = sqlx::query(include_str!("../../sql/postgres/release.sql"));
        self.0.run(query.bind(role.to_owned()).bind(owner.to_owned()).bind(signed(epoch))).await?;
        Ok(())
    }

    async fn holder(&self, role: &str) -> Result<Option<Holder>, LogError> {
        let query = sqlx::query(include_str!("../../sql/postgres/holder.sql")).bind(role.to_owned());
        let Some(row) = self.0.fetch(query).await?.into_iter().next() else { return Ok(None) };
        let (epoch, position) = (number(row.try_get(1)?)?, number(row.try_get(2)?)?);
        Ok(Some(Holder { owner: row.try_get(0)?, epoch, position, holds: row.try_get(3)? }))
    }
}
