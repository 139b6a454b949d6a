//! The sign-ins of a test are in a file in its folder.

use std::path::PathBuf;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::harness::StoredRow;

pub struct World(TempDir);

impl Default for World {
    fn default() -> World {
        World(TempDir::new().expect("a folder"))
    }
}

impl World {
    pub async fn url(&self) -> String {
        format!("sqlite:{}", self.0.path().join("views.db").display())
    }

    pub fn file(&self) -> PathBuf {
        self.0.path().join("sign-ins.db")
    }

    async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.file()).connect().await.expect("opens")
    }

    pub async fn run(&self, sql: &str) {
        let mut connection = self.connect().await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("runs");
        connection.close().await.expect("closes");
    }

    pub async fn stored(&self) -> Vec<StoredRow> {
        let mut connection = self.connect().await;
        let query = "SELECT token_hash, caller_hash, account, begun_at, seen_at FROM sign_in ORDER BY begun_at";
        let rows = sqlx::query(query).fetch_all(&mut connection).await.expect("answers");
        connection.close().await.expect("closes");
        let row = |row: sqlx::sqlite::SqliteRow| StoredRow {
            token_hash: row.get(0),
            caller_hash: row.get(1),
            account: row.get(2),
            begun_at: row.get(3),
            seen_at: row.get(4),
        };
        rows.into_iter().map(row).collect()
    }

    /// All bytes of the files.
    pub async fn content(&self) -> String {
        let files = std::fs::read_dir(self.0.path()).expect("a folder").flatten();
        files.map(|file| String::from_utf8_lossy(&std::fs::read(file.path()).expect("readable")).into_owned()).collect()
    }

    pub async fn sealed_drafts(&self) -> Vec<Vec<u8>> {
        let mut connection = self.connect().await;
        let sealed = sqlx::query_scalar("SELECT sealed FROM sign_in_draft").fetch_all(&mut connection).await;
        connection.close().await.expect("closes");
        sealed.expect("answers")
    }

    pub async fn refuse_updates(&self) {
        let trigger = "CREATE TRIGGER full BEFORE UPDATE ON sign_in BEGIN SELECT RAISE(ABORT, 'it is full'); END";
        self.run(trigger).await;
    }

    pub async fn count_updates(&self) {
        let trigger = "CREATE TABLE counted (n INTEGER); CREATE TRIGGER count AFTER UPDATE ON sign_in \
                       BEGIN INSERT INTO counted VALUES (1); END";
        self.run(trigger).await;
    }

    pub async fn updates(&self) -> i64 {
        let mut connection = self.connect().await;
        let count = sqlx::query_scalar("SELECT count(*) FROM counted").fetch_one(&mut connection).await;
        connection.close().await.expect("closes");
        count.expect("answers")
    }

    /// Adds copies of the only row.
    pub async fn multiply(&self, copies: u32) {
        self.run(&format!(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {copies}) \
             INSERT INTO sign_in SELECT randomblob(32), caller_hash, account, begun_at, seen_at FROM sign_in, n"
        ))
        .await;
    }
}
