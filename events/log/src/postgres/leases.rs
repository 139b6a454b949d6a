//! Leases in the log's database, by that database's clock.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{PgPool, Row as _};

use super::rows::{number, signed};
use crate::{
    lease::{Holder, Lease, Leases, Mark},
    port::LogError,
};

pub(super) struct PgLeases(pub PgPool);

#[async_trait]
impl Leases for PgLeases {
    async fn hold(
        &self,
        role: &str,
        owner: &str,
        epoch: Option<u64>,
        time: Duration,
    ) -> Result<Option<Lease>, LogError> {
        let query = sqlx::query(include_str!("../../sql/postgres/hold.sql")).bind(role).bind(owner);
        let query = query.bind(time.as_secs_f64()).bind(epoch.map(signed));
        let row = query.fetch_optional(&self.0).await?;
        let Some(row) = row else { return Ok(None) };
        let mark = Mark { position: number(row.try_get(1)?)?, place: number(row.try_get(2)?)? };
        Ok(Some(Lease { epoch: number(row.try_get(0)?)?, mark }))
    }

    async fn mark(&self, role: &str, owner: &str, epoch: u64, mark: Mark) -> Result<(), LogError> {
        let query = sqlx::query(include_str!("../../sql/postgres/mark.sql")).bind(role).bind(owner);
        let query = query.bind(signed(epoch)).bind(signed(mark.position)).bind(signed(mark.place));
        query.execute(&self.0).await?;
        Ok(())
    }

    async fn release(&self, role: &str, owner: &str) -> Result<(), LogError> {
        let query = sqlx::query(include_str!("../../sql/postgres/release.sql"));
        query.bind(role).bind(owner).execute(&self.0).await?;
        Ok(())
    }

    async fn holder(&self, role: &str) -> Result<Option<Holder>, LogError> {
        let query = sqlx::query(include_str!("../../sql/postgres/holder.sql")).bind(role);
        let Some(row) = query.fetch_optional(&self.0).await? else { return Ok(None) };
        let (epoch, position) = (number(row.try_get(1)?)?, number(row.try_get(2)?)?);
        Ok(Some(Holder { owner: row.try_get(0)?, epoch, position, holds: row.try_get(3)? }))
    }
}
