//! A real PostgreSQL for the tests of one process, on a socket in its own folder. It ends with the process in every
//! case: the shell that supervises it waits for the end of a pipe that only this process holds.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use event_core::LogName;
use event_log::postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

use crate::silence::{SilentProxy, Upstream};

/// The folder of the programs of Debian's package `postgresql`, newest version first; or the folder in `POSTGRES_BIN`.
fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("POSTGRES_BIN") {
        return folder.into();
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> =
        versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists()).collect();
    folders.sort_unstable();
    folders.pop().expect("these tests need a PostgreSQL: install Debian's package `postgresql`, or set POSTGRES_BIN")
}

/// One of PostgreSQL's own programs, such as `pg_dump`.
pub fn program(name: &str) -> Command {
    Command::new(programs().join(name))
}

/// PostgreSQL refuses to run as root, so it runs as the user of Debian's package in that case.
fn as_its_user(script: &str) -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = if is_root { Command::new("runuser") } else { Command::new("sh") };
    if is_root {
        command.args(["-u", "postgres", "--", "sh"]);
    }
    command.args(["-c", script]);
    command
}

const SCRIPT: &str = r#"
folder=$(mktemp -d /tmp/frontdoor-postgres-XXXXXX) && cd "$folder" || exit 1
"$BIN/initdb" -D data -U owner --no-sync --auth=trust --encoding=UTF8 --locale=C >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
if [ -n "$CERTIFICATE" ]; then
    NETWORK='-c listen_addresses=127.0.0.1 -c ssl=on'
    (umask 077; echo "$CERTIFICATE" >data/server.crt; echo "$KEY" >data/server.key)
    printf 'local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n' >data/pg_hba.conf
else
    NETWORK='-c listen_addresses='
fi
# Room for what a benchmark writes: by its defaults PostgreSQL evicts pages and makes checkpoints all the time.
ROOM='-c shared_buffers=512MB -c max_wal_size=4GB -c min_wal_size=1GB'
# As long as the folder is there, it is started again when it was killed.
while [ -d "$folder/data" ]; do
    "$BIN/postgres" -D data -k "$folder" -p "$PORT" -c max_connections=300 $ROOM $NETWORK >>postgres.log 2>&1
    [ -e started ] || { cat postgres.log >&2; exit 1; }
done &
until "$BIN/pg_isready" -q -h "$folder" -p "$PORT"; do kill -0 $! 2>/dev/null || exit 1; done
touch started
echo "$folder"
cat >/dev/null
mv data ending; kill -INT "$(head -n 1 ending/postmaster.pid)"; wait; rm -rf "$folder"
"#;

/// The time limit for a killed server to come back.
const RESTART_MAX: Duration = Duration::from_secs(60);
/// The port in the name of the socket, if the server does not listen on the network.
const PORT: u16 = 5432;

pub struct PostgresServer {
    /// The folder of its socket.
    pub folder: String,
    /// The port on 127.0.0.1, if it listens there.
    pub port: u16,
    databases: AtomicU32,
    /// Its standard input is the pipe.
    _minder: Child,
}

impl PostgresServer {
    /// Starts a separate server, for a test that kills it.
    pub fn start() -> PostgresServer {
        PostgresServer::run_with(PORT, "", "")
    }

    /// Starts a separate server that also listens on 127.0.0.1: with TLS only, with this certificate and key (PEM), and
    /// with passwords for the roles (`password`).
    pub fn with_tls(certificate: &str, key: &str) -> PostgresServer {
        let port = crate::kafka::free_ports(1).pop().expect("a free port");
        PostgresServer::run_with(port, certificate, key)
    }

    /// Gives a role a password, which must consist of letters.
    pub fn password(&self, role: &str, password: &str) {
        self.run("postgres", &format!("ALTER ROLE {role} PASSWORD '{password}'"));
    }

    fn run_with(port: u16, certificate: &str, key: &str) -> PostgresServer {
        let mut minder = as_its_user(SCRIPT)
            .env("BIN", programs())
            .envs([("PORT", port.to_string().as_str()), ("CERTIFICATE", certificate), ("KEY", key)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell (and runuser, for root)");
        let mut folder = String::new();
        let output = minder.stdout.take().expect("it has an output");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut folder).expect("readable");
        let folder = folder.trim().to_owned();
        assert!(Path::new(&folder).is_absolute(), "PostgreSQL did not start; what it said stands above");
        PostgresServer { folder, port, databases: AtomicU32::new(0), _minder: minder }
    }

    /// Sends SIGKILL to the server itself. It is started again and recovers. Waits for an earlier recovery to finish,
    /// because a connection may outlive its server for a moment.
    pub fn kill(&self) {
        let file = Path::new(&self.folder).join("data/postmaster.pid");
        let deadline = Instant::now() + RESTART_MAX;
        let sent = || {
            let text = std::fs::read_to_string(&file).ok()?;
            let sent = Command::new("kill").args(["-KILL", text.lines().next()?]).stderr(Stdio::null()).status();
            sent.expect("kill runs").success().then_some(())
        };
        while sent().is_none() {
            assert!(Instant::now() < deadline, "it runs again");
            std::thread::yield_now();
        }
    }

    /// The socket that it listens on.
    pub fn socket(&self) -> PathBuf {
        Path::new(&self.folder).join(format!(".s.PGSQL.{}", self.port))
    }

    /// The address of a database, for a role.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@localhost:{}/{database}?host={}", self.port, self.folder)
    }

    /// Runs a statement as `owner`, with PostgreSQL's own `psql`.
    pub fn run(&self, database: &str, statement: &str) -> String {
        let output = program("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, &self.url("owner", database)])
            .output()
            .expect("psql runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A database name that is not in use yet.
    pub fn fresh(&self) -> String {
        format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }
}

pub static SERVER: LazyLock<PostgresServer> = LazyLock::new(PostgresServer::start);

/// A separate database for a test, copied from one that was migrated once.
pub struct Database {
    name: String,
    made: OnceCell<()>,
}

impl Default for Database {
    fn default() -> Database {
        Database { name: SERVER.fresh(), made: OnceCell::new() }
    }
}

impl Database {
    pub fn new() -> Database {
        Database::default()
    }

    /// Another database with the same rows and the same history. This database must not have any connections meanwhile.
    pub async fn copied(&self) -> Database {
        let copy = Database { name: SERVER.fresh(), made: OnceCell::new_with(Some(())) };
        let mut owner = PgConnection::connect(&SERVER.url("owner", "postgres")).await.expect("it is there");
        let make = format!("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", copy.name, self.name);
        sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut owner).await.expect("it is copied");
        copy
    }

    /// The same database without any logs.
    pub async fn emptied(self) -> Database {
        let mut owner = PgConnection::connect(&self.url("owner").await).await.expect("it connects");
        for log in LogName::ALL {
            sqlx::raw_sql(AssertSqlSafe(format!("DROP SCHEMA {log} CASCADE")))
                .execute(&mut owner)
                .await
                .expect("it is gone");
        }
        self
    }

    /// Runs a statement in it as `owner`.
    pub fn run(&self, statement: &str) -> String {
        SERVER.run(&self.name, statement)
    }

    /// Ends every connection of the servers, like a database that fails over or is restored.
    pub fn disconnect_servers(&self) {
        let servers = "FROM pg_stat_activity WHERE datname = current_database() AND usename = 'server'";
        self.run(&format!("SELECT pg_terminate_backend(pid) {servers}"));
    }

    /// Its address, for `owner` (creates the logs) or `server` (may only append to them).
    pub async fn url(&self, role: &str) -> String {
        self.made.get_or_init(|| copy(&self.name)).await;
        SERVER.url(role, &self.name)
    }

    /// Its address over a proxy that can go silent, and the proxy.
    pub async fn behind_proxy(&self, role: &str) -> (String, SilentProxy) {
        self.made.get_or_init(|| copy(&self.name)).await;
        let proxy = SilentProxy::start();
        proxy.forward_to(Upstream::Socket(SERVER.socket()));
        (format!("postgres://{role}@127.0.0.1:{}/{}", proxy.port, self.name), proxy)
    }
}

async fn copy(name: &str) {
    // A template cannot be copied while it has connections, nor twice at once.
    static TEMPLATE: tokio::sync::Mutex<bool> = tokio::sync::Mutex::const_new(false);
    let mut made = TEMPLATE.lock().await;
    let mut owner = PgConnection::connect(&SERVER.url("owner", "postgres")).await.expect("it is there");
    if !*made {
        for statement in ["CREATE DATABASE migrated", "CREATE ROLE server LOGIN"] {
            sqlx::raw_sql(statement).execute(&mut owner).await.expect("it is done");
        }
        for log in LogName::ALL {
            postgres::migrate(&SERVER.url("owner", "migrated"), log, Some("server")).await.expect("it is migrated");
        }
        let policies = policy_engine::postgres::migrate(&SERVER.url("owner", "migrated"), Some("server")).await;
        policies.expect("they are migrated");
        *made = true;
    }
    let copy = format!("CREATE DATABASE {name} TEMPLATE migrated STRATEGY file_copy");
    sqlx::raw_sql(AssertSqlSafe(copy)).execute(&mut owner).await.expect("it is copied");
    // Each copy gets its own lineage, because copies of one lineage would share a topic.
    let mut copied = PgConnection::connect(&SERVER.url("owner", name)).await.expect("it connects");
    for log in LogName::ALL {
        let lineage = format!("UPDATE {log}.log SET lineage = gen_random_uuid()");
        sqlx::raw_sql(AssertSqlSafe(lineage)).execute(&mut copied).await.expect("it gets a lineage");
    }
}
