//! The sign-ins of a test are in a database of their own.

use local::postgres::Database;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::harness::StoredRow;

#[derive(Default)]
pub struct World(pub Database);

impl World {
    pub async fn url(&self) -> String {
        self.0.url("owner").await
    }

    async fn connect(&self) -> PgConnection {
        let mut connection = PgConnection::connect(&self.url().await).await.expect("it connects");
        sqlx::raw_sql("SET search_path = views").execute(&mut connection).await.expect("runs");
        connection
    }

    pub async fn run(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connect().await).await.expect("runs");
    }

    pub async fn stored(&self) -> Vec<StoredRow> {
        let query = "SELECT token_hash, caller_hash, account, begun_at, seen_at FROM sign_in ORDER BY begun_at";
        let rows = sqlx::query(query).fetch_all(&mut self.connect().await).await.expect("answers");
        let row = |row: sqlx::postgres::PgRow| StoredRow {
            token_hash: row.get(0),
            caller_hash: row.get(1),
            account: row.get(2),
            begun_at: row.get(3),
            seen_at: row.get(4),
        };
        rows.into_iter().map(row).collect()
    }

    /// All columns of the rows, as text; binary ones as they are.
    pub async fn content(&self) -> String {
        let query = "SELECT string_agg(sign_in::text || encode(token_hash, 'escape'), '') FROM sign_in";
        sqlx::query_scalar(query).fetch_one(&mut self.connect().await).await.expect("answers")
    }

    pub async fn sealed_drafts(&self) -> Vec<Vec<u8>> {
        let query = "SELECT sealed FROM sign_in_draft";
        sqlx::query_scalar(query).fetch_all(&mut self.connect().await).await.expect("answers")
    }

    pub async fn refuse_updates(&self) {
        let trigger = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql \
                       AS 'BEGIN RAISE EXCEPTION ''it is full''; END'; \
                       CREATE TRIGGER refuse BEFORE UPDATE ON sign_in FOR EACH ROW EXECUTE FUNCTION refuse()";
        self.run(trigger).await;
    }

    pub async fn count_updates(&self) {
        let trigger = "CREATE TABLE counted (n bigint); \
                       CREATE FUNCTION count_update() RETURNS trigger LANGUAGE plpgsql \
                       AS 'BEGIN INSERT INTO views.counted VALUES (1); RETURN NULL; END'; \
                       CREATE TRIGGER count_update AFTER UPDATE ON sign_in FOR EACH ROW EXECUTE FUNCTION count_update()";
        self.run(trigger).await;
    }

    pub async fn updates(&self) -> i64 {
        let query = "SELECT count(*) FROM counted";
        sqlx::query_scalar(query).fetch_one(&mut self.connect().await).await.expect("answers")
    }

    /// Adds copies of the only row.
    pub async fn multiply(&self, copies: u32) {
        self.run(&format!(
            "INSERT INTO sign_in SELECT sha256(n::text::bytea), caller_hash, account, begun_at, seen_at \
             FROM sign_in, generate_series(1, {copies}) AS n"
        ))
        .await;
    }
}
