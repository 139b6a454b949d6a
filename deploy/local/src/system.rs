//! The whole distributed system on this machine: a real PostgreSQL, a real Kafka, and each role as separate processes.
//! It ends with the process that started it, in every case.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    kafka::{Kafka, free_ports},
    postgres::PostgresServer,
    process,
    silence::{SilentProxy, Upstream},
};

/// The time limit for a process to become ready.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// The time limit for a process to end after SIGTERM: `terminationGracePeriodSeconds` of its pod.
const ENDS_WITHIN: Duration = Duration::from_secs(30);
/// The roles, and the number of processes of each.
const ROLES: [(&str, usize); 5] = [
    ("command", ROLE_MAX),
    ("relay", ROLE_MAX),
    ("policies", ROLE_MAX),
    ("projections", ROLE_MAX),
    ("query", ROLE_MAX),
];
/// The number of processes of one role at the start.
const ROLE_MAX: usize = 2;
/// The shell starts the process, prints its id, and kills it when its own input ends.
const SCRIPT: &str = r#""$@" & echo "pid $!"; cat >/dev/null; kill -KILL $! 2>/dev/null"#;

/// The role of the processes that serve the pages, too, which show the whole system to operators.
const WITH_PAGES: &str = "query";

/// One process of one role. It keeps its addresses when it is restarted.
pub struct Node {
    pub role: &'static str,
    pub number: usize,
    pub url: String,
    pub admin: String,
    arguments: Vec<String>,
    log: PathBuf,
    running: Mutex<Option<RunningProcess>>,
}

struct RunningProcess {
    shell: Child,
    pid: String,
}

/// The proxies between the processes and their servers.
pub struct Proxies {
    pub log: SilentProxy,
    pub views: SilentProxy,
    pub broker: SilentProxy,
}

impl Proxies {
    fn start() -> Proxies {
        Proxies { log: SilentProxy::start(), views: SilentProxy::start(), broker: SilentProxy::start() }
    }
}

/// The system, running.
pub struct System {
    pub postgres: PostgresServer,
    pub kafka: Kafka,
    pub nodes: Vec<Node>,
    /// Present if the system was started behind proxies.
    pub proxies: Option<Proxies>,
    /// The URLs of the logs (for their owner, and for the role of the servers), of the views, and of the brokers.
    pub owner_url: String,
    pub log_url: String,
    pub views_url: String,
    pub feed: String,
    /// The data of the demonstration, which all processes share: the issuer's key.
    pub data: PathBuf,
    binary: PathBuf,
    /// The folder for the output of the processes.
    folder: PathBuf,
    /// The operator's addresses of the processes at the start, separated by commas.
    admins: String,
}

impl System {
    /// Starts everything and waits until it is ready, with the demonstration's data. The output of the processes goes
    /// to files in `folder`.
    ///
    /// # Panics
    /// If a part does not start; the message names it.
    pub fn start(binary: &Path, folder: &Path, brokers: usize) -> System {
        let kafka = if brokers == 1 { Kafka::start() } else { Kafka::cluster(brokers) };
        System::on(PostgresServer::start(), kafka, None, binary, folder)
    }

    /// The same with one broker, and a proxy that can go silent in front of each server.
    ///
    /// # Panics
    /// If a part does not start; the message names it.
    pub fn behind_proxies(binary: &Path, folder: &Path) -> System {
        let (postgres, proxies) = (PostgresServer::start(), Proxies::start());
        let kafka = Kafka::advertised(proxies.broker.port);
        for proxy in [&proxies.log, &proxies.views] {
            proxy.forward_to(Upstream::Socket(postgres.socket()));
        }
        proxies.broker.forward_to(Upstream::Port(kafka.port()));
        System::on(postgres, kafka, Some(proxies), binary, folder)
    }

    fn on(postgres: PostgresServer, kafka: Kafka, proxies: Option<Proxies>, binary: &Path, folder: &Path) -> System {
        fs::create_dir_all(folder).expect("a folder");
        let (owner_url, mut log_url, mut views_url) = databases(&postgres);
        if let Some(proxies) = &proxies {
            log_url = format!("postgres://server@127.0.0.1:{}/frontdoor?sslmode=disable", proxies.log.port);
            views_url = format!("postgres://views@127.0.0.1:{}/views?sslmode=disable", proxies.views.port);
        }
        run(binary, &["migrate", "--log", &owner_url, "--server-role", "server"]);
        let (feed, data) = (format!("kafka://{}", kafka.brokers()), folder.join("data"));
        let (binary, folder) = (binary.to_owned(), folder.to_owned());
        let nodes = Vec::new();
        let ports = free_ports(2 * ROLES.iter().map(|(_, count)| count).sum::<usize>());
        let admins = ports.chunks_exact(2).map(|ports| format!("127.0.0.1:{}", ports[1]));
        let admins = admins.collect::<Vec<_>>().join(",");
        let mut system = System {
            postgres,
            kafka,
            nodes,
            proxies,
            owner_url,
            log_url,
            views_url,
            feed,
            data,
            binary,
            folder,
            admins,
        };
        let mut ports = ports.chunks_exact(2);
        for (role, count) in ROLES {
            for (number, ports) in (1..=count).zip(ports.by_ref()) {
                system.nodes.push(system.node(role, number, ports));
            }
        }
        // The first process creates the issuer's key and the data; then the others start.
        system.nodes[0].start(&system.binary);
        system.nodes[0].wait(&system.binary);
        for node in &system.nodes[1..] {
            node.start(&system.binary);
        }
        for node in &system.nodes {
            node.wait(&system.binary);
        }
        system
    }

    fn node(&self, role: &'static str, number: usize, ports: &[u16]) -> Node {
        let [url, admin] = [ports[0], ports[1]].map(|port| format!("127.0.0.1:{port}"));
        let data = self.data.display().to_string();
        let roles = if role == WITH_PAGES { "query,pages" } else { role };
        let peers = ["--peer-admins", &self.admins];
        let arguments = [
            ["--roles", roles],
            ["--log", &self.log_url],
            ["--views", &self.views_url],
            ["--feed", &self.feed],
            ["--data", &data],
            ["--listen", &url],
            ["--admin", &admin],
            ["--log-level", "info,librdkafka=error,rdkafka=error"],
        ];
        let peers = peers.into_iter().filter(|_| role == WITH_PAGES);
        let arguments = arguments.into_iter().flatten().chain(peers);
        let arguments = ["serve", "--demo"].into_iter().chain(arguments).map(str::to_owned);
        Node {
            role,
            number,
            arguments: arguments.collect(),
            url: format!("http://{url}"),
            admin,
            log: self.folder.join(format!("{role}-{number}.log")),
            running: Mutex::default(),
        }
    }

    /// The processes of a role.
    pub fn of<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Node> {
        self.nodes.iter().filter(move |node| node.role == role)
    }

    /// The addresses of a role's processes, separated by commas.
    pub fn urls(&self, role: &str) -> String {
        self.of(role).map(|node| node.url.as_str()).collect::<Vec<_>>().join(",")
    }

    /// Starts an additional process of a role and waits until it is ready. The caller owns it, and it ends when
    /// dropped. `number` distinguishes it from earlier additional processes.
    ///
    /// # Panics
    /// If it does not become ready; the message contains its log.
    pub fn add(&self, role: &'static str, number: usize) -> Node {
        let node = self.node(role, ROLE_MAX + number, &free_ports(2));
        self.start_again(&node);
        node
    }

    /// Restarts a killed process, and waits until it is ready.
    pub fn start_again(&self, node: &Node) {
        node.start(&self.binary);
        node.wait(&self.binary);
    }

    /// Ends a process in order, and starts it as another release, as a rolling update does.
    ///
    /// # Panics
    /// If it does not end in time, or if the other release does not become ready.
    pub fn update(&self, node: &Node, binary: &Path) {
        node.terminate();
        let deadline = Instant::now() + ENDS_WITHIN;
        while node.is_running() {
            assert!(Instant::now() < deadline, "{} {} does not end", node.role, node.number);
            std::thread::sleep(Duration::from_millis(20));
        }
        node.kill();
        node.start(binary);
        node.wait(binary);
    }

    /// The output of `frontdoor` with these arguments.
    pub fn frontdoor(&self, arguments: &[&str]) -> String {
        run(&self.binary, arguments)
    }
}

impl Node {
    fn start(&self, binary: &Path) {
        let log = fs::OpenOptions::new().create(true).append(true).open(&self.log).expect("its log can be written");
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(binary)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("a shell");
        let mut lines = BufReader::new(shell.stdout.take().expect("it has an output")).lines();
        let first = lines.next().expect("it speaks").expect("text");
        let pid = first.strip_prefix("pid ").expect("its id").to_owned();
        // A reader is needed, because further output would block the process.
        std::thread::spawn(move || lines.for_each(drop));
        *self.lock() = Some(RunningProcess { shell, pid });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<RunningProcess>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it reports that it is ready. A process that ended, because the database was unavailable at that
    /// moment, is restarted, as a process supervisor would do.
    ///
    /// # Panics
    /// If it does not become ready; the message contains its log.
    fn wait(&self, binary: &Path) {
        let deadline = Instant::now() + READY_WITHIN;
        while !self.is_ready() {
            if !self.is_running() {
                self.start(binary);
            }
            if Instant::now() > deadline {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                panic!("{} {} is not ready; its log:\n{log}", self.role, self.number);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Its process id.
    ///
    /// # Panics
    /// If it was killed.
    pub fn pid(&self) -> String {
        self.with_pid(str::to_owned)
    }

    /// Holds the lock, so that the process is not killed in the meantime.
    fn with_pid<T>(&self, act: impl FnOnce(&str) -> T) -> T {
        act(&self.lock().as_ref().expect("it runs").pid)
    }

    /// The largest part of the memory that the process has used at one time, in bytes, and its processor time so far.
    ///
    /// # Panics
    /// If it was killed.
    pub fn usage(&self) -> (u64, Duration) {
        self.with_pid(process::usage)
    }

    pub fn is_running(&self) -> bool {
        let running = self.lock();
        let Some(RunningProcess { pid, .. }) = &*running else { return false };
        process::is_running(pid)
    }

    /// Asks the process at its operator's address.
    pub fn is_ready(&self) -> bool {
        self.ask("/health/ready").is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    /// The answer to a GET at its operator's address, head and body.
    pub fn ask(&self, path: &str) -> Option<String> {
        use std::io::{Read, Write};
        let address = self.admin.parse().ok()?;
        let mut connection = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
        connection.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(connection, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.admin).ok()?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// The lines that it has logged, since the start of the system.
    ///
    /// # Panics
    /// If its log cannot be read.
    pub fn log_lines(&self) -> Vec<String> {
        fs::read_to_string(&self.log).expect("its log").lines().map(str::to_owned).collect()
    }

    /// Sends SIGKILL. It has ended when this returns.
    pub fn kill(&self) {
        if let Some(mut running) = self.lock().take() {
            // Closing its input makes the shell kill the process, and end.
            drop(running.shell.stdin.take());
            running.shell.wait().expect("the shell ends");
        }
    }

    /// Sends SIGTERM and does not wait.
    pub fn terminate(&self) {
        self.with_pid(|pid| process::signal("-TERM", pid));
    }

    /// Sends SIGSTOP: its connections stay open, and it answers none of them when this returns.
    pub fn freeze(&self) {
        self.with_pid(process::freeze);
    }

    /// Sends SIGCONT.
    pub fn thaw(&self) {
        self.with_pid(|pid| process::signal("-CONT", pid));
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Creates the databases of the logs and of the views. Returns the URLs of the logs for their owner and for the
/// servers, and of the views.
fn databases(postgres: &PostgresServer) -> (String, String, String) {
    let made = "CREATE ROLE server LOGIN; CREATE ROLE views LOGIN";
    postgres.run("postgres", made);
    postgres.run("postgres", "CREATE DATABASE frontdoor");
    postgres.run("postgres", "CREATE DATABASE views OWNER views");
    (postgres.url("owner", "frontdoor"), postgres.url("server", "frontdoor"), postgres.url("views", "views"))
}

fn run(binary: &Path, arguments: &[&str]) -> String {
    let output = Command::new(binary).args(arguments).output().expect("the binary runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {printed}{}", String::from_utf8_lossy(&output.stderr));
    printed
}
