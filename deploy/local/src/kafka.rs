//! A real Apache Kafka for the tests of one process, with one broker or three, on its own loopback ports, with its data
//! in its own folder. It ends with the process in every case: the shell that supervises it waits for the end of a pipe
//! that only this process holds. A broker that was killed stays down until it is started again with its data.

use std::{
    fmt::Write as _,
    fs,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio},
    sync::{LazyLock, Mutex},
    time::{Duration, Instant},
};

use crate::process;

/// The version that `deploy/local/kafka/pom.xml` names.
const VERSION: &str = "4.1.1";
/// The version of the package `kafka-python`, as in the Makefile.
const PYTHON_VERSION: &str = "3.0.12";
/// A broker on a busy machine needs seconds.
const STARTED_WITHIN: Duration = Duration::from_secs(180);
/// The number of attempts to start with other ports, if another process took one in the meantime.
const ATTEMPTS_MAX: u32 = 5;
/// Below the ephemeral ports, so that no outgoing connection takes a port while its broker is down.
const PORTS: std::ops::Range<u16> = 15_000..32_000;

const USER: &str = "frontdoor";
const PASSWORD: &str = "a-password-of-the-tests";

/// The broker that the tests of one process share.
pub static BROKER: LazyLock<Kafka> = LazyLock::new(Kafka::start);

/// A shell script that executes one order per line (`start 1`, `kill 1`) and answers each with a line when it is done.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
folder=$(mktemp -d /tmp/frontdoor-kafka-XXXXXX) && cd "$folder" || exit 1
echo "$folder"
while read -r order node extra; do
    case $order in
    start)
        (
            if ! [ -e "data-$node/meta.properties" ]; then
                java $SMALL -cp "$JARS/*" kafka.tools.StorageTool format -c "$node.properties" $extra || exit
            fi
            exec java $LASTING $LOG -cp "$JARS/*" kafka.Kafka "$node.properties"
        ) >>"$node.log" 2>&1 </dev/null &
        echo $! >"$node.pid"
        ;;
    kill)
        process=$(cat "$node.pid"); rm "$node.pid"
        kill -KILL "$process"; wait "$process" 2>/dev/null
        ;;
    esac
    echo "$order $node"
done
for process in $(cat ./*.pid); do kill -KILL "$process"; wait "$process"; done 2>/dev/null
rm -rf "$folder"
"#;

/// In tests, brokers do not live long enough for the second compiler to save the time that it takes.
const LASTING: &str = if cfg!(debug_assertions) {
    "-Xms256m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
} else {
    "-Xms256m -Xmx512m -XX:+UseSerialGC"
};
/// For tools that run only briefly.
const SMALL: &str = "-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1";
const LOG: &str = "-Dorg.slf4j.simpleLogger.showDateTime=true -Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS";

/// One broker or three. They are killed on drop.
pub struct Kafka {
    /// The folder of all files: `1.properties`, `1.log`, `data-1`. Removed with the brokers.
    pub folder: PathBuf,
    nodes: Vec<KafkaNode>,
    orders: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _minder: Child,
}

/// A broker with two listeners for external clients, which need its certificate, and a password or a certificate of
/// their own.
pub struct Secured {
    /// `brokers()` is its plain listener.
    pub kafka: Kafka,
    /// The listener that requires SASL_SSL with SCRAM-SHA-512.
    pub brokers: String,
    /// The listener that requires SSL with the client's certificate.
    pub mutual_brokers: String,
    /// PEM. The certificate is for `127.0.0.1` and `localhost`.
    pub ca_file: PathBuf,
    /// PEM. The certificate of the one client, and its key.
    pub client_files: [PathBuf; 2],
    pub user: &'static str,
    /// Contains the password without a line break.
    pub password_file: PathBuf,
}

#[derive(Clone, Copy)]
struct KafkaNode {
    plain: u16,
    /// The port that clients are told to connect to instead.
    advertised: u16,
    secured: u16,
    mutual: u16,
    controller: u16,
}

impl Kafka {
    /// One broker, which is its own controller.
    pub fn start() -> Kafka {
        Kafka::nodes(1, false, None)
    }

    /// One broker that tells its clients to connect to another port of this machine, such as a proxy's port.
    pub fn advertised(port: u16) -> Kafka {
        Kafka::nodes(1, false, Some(port))
    }

    /// The port of the one broker itself.
    pub fn port(&self) -> u16 {
        self.nodes[0].plain
    }

    /// Brokers that are also controllers: of three, one may fail.
    pub fn cluster(brokers: usize) -> Kafka {
        Kafka::nodes(brokers, false, None)
    }

    /// One broker with two more listeners, which require TLS and a password, or TLS with certificates on both sides.
    pub fn secured() -> Secured {
        let kafka = Kafka::nodes(1, true, None);
        Secured {
            brokers: format!("127.0.0.1:{}", kafka.nodes[0].secured),
            mutual_brokers: format!("127.0.0.1:{}", kafka.nodes[0].mutual),
            ca_file: kafka.folder.join("ca.pem"),
            client_files: ["client.pem", "client.key"].map(|name| kafka.folder.join(name)),
            user: USER,
            password_file: kafka.folder.join("password"),
            kafka,
        }
    }

    /// `host:port,host:port`, for a client's `bootstrap.servers`.
    pub fn brokers(&self) -> String {
        self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.advertised)).collect::<Vec<_>>().join(",")
    }

    /// Sends SIGKILL to a broker; the first one is 1. It has ended when this returns.
    pub fn kill(&self, broker: usize) {
        self.order(&format!("kill {broker}"));
    }

    /// Starts a killed broker again, with its data, on its port. It is part of the cluster again when this returns.
    pub fn start_again(&self, broker: usize) {
        self.order(&format!("start {broker}"));
        self.wait_for(broker, Instant::now() + STARTED_WITHIN).unwrap_or_else(|log| panic!("{log}"));
    }

    /// Sends SIGSTOP: its connections stay open, and it answers none of them when this returns.
    pub fn freeze(&self, broker: usize) {
        process::freeze(&self.process(broker));
    }

    /// Sends SIGCONT after [`Kafka::freeze`].
    pub fn thaw(&self, broker: usize) {
        process::signal("-CONT", &self.process(broker));
    }

    /// Runs one of Kafka's own tools to its end, such as `org.apache.kafka.tools.TopicCommand`.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> Output {
        self.command(class, arguments).stdin(Stdio::null()).output().expect("java runs")
    }

    /// A command for tools that need input, or that have to be stopped.
    pub fn command(&self, class: &str, arguments: &[&str]) -> Command {
        let mut java = Command::new("java");
        java.args(SMALL.split(' ')).arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn").arg("-cp");
        java.arg(jars().join("*")).arg(class).args(arguments).current_dir(&self.folder);
        java
    }

    fn nodes(count: usize, secured: bool, advertised: Option<u16>) -> Kafka {
        for attempt in 1.. {
            let mut kafka = Kafka::minded();
            kafka.nodes = free_ports(count * 4)
                .chunks(4)
                .map(|ports| KafkaNode {
                    plain: ports[0],
                    advertised: advertised.unwrap_or(ports[0]),
                    secured: ports[1],
                    mutual: ports[2],
                    controller: ports[3],
                })
                .collect();
            if secured {
                kafka.make_certificates();
            }
            match kafka.start_all(secured) {
                Ok(()) => return kafka,
                Err(log) if attempt < ATTEMPTS_MAX && log.contains("Address already in use") => {}
                Err(log) => panic!("{log}"),
            }
        }
        unreachable!("the last attempt returns or panics")
    }

    /// Starts the shell with its folder, without a broker.
    fn minded() -> Kafka {
        let mut minder = Command::new("sh")
            .args(["-c", SCRIPT])
            .envs([("SMALL", SMALL), ("LASTING", LASTING), ("LOG", LOG)])
            .env("JARS", jars())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let input = minder.stdin.take().expect("it has an input");
        let mut output = BufReader::new(minder.stdout.take().expect("it has an output"));
        let mut folder = String::new();
        output.read_line(&mut folder).expect("readable");
        let folder = PathBuf::from(folder.trim());
        assert!(folder.is_absolute(), "there is no folder for Kafka; what the shell said stands above");
        Kafka { folder, nodes: Vec::new(), orders: Mutex::new((input, output)), _minder: minder }
    }

    /// Starts all brokers. The error is the log of a broker that did not start.
    fn start_all(&self, secured: bool) -> Result<(), String> {
        let random = self.folder.to_string_lossy();
        // Sixteen bytes in base64: the brokers of another test are another cluster, even on the same ports.
        let cluster = format!("{}frontdoor-tests", &random[random.len() - 6..]);
        let scram = format!("--add-scram SCRAM-SHA-512=[name={USER},password={PASSWORD}]");
        for broker in 1..=self.nodes.len() {
            let properties = self.properties(broker, secured);
            fs::write(self.folder.join(format!("{broker}.properties")), properties).expect("written");
            let scram = if secured { scram.as_str() } else { "" };
            self.order(&format!("start {broker} -t {cluster}A {scram}"));
        }
        let deadline = Instant::now() + STARTED_WITHIN;
        (1..=self.nodes.len()).try_for_each(|broker| self.wait_for(broker, deadline))
    }

    fn properties(&self, broker: usize, secured: bool) -> String {
        let node = self.nodes[broker - 1];
        let folder = self.folder.display();
        let voters: Vec<_> = (1..).zip(&self.nodes).map(|(id, n)| format!("{id}@127.0.0.1:{}", n.controller)).collect();
        let (replicas, in_sync) = if self.nodes.len() < 3 { (1, 1) } else { (3, 2) };
        let secure = match secured {
            true => format!(",SASL_SSL://127.0.0.1:{},SSL://127.0.0.1:{}", node.secured, node.mutual),
            false => String::new(),
        };
        let told = format!("PLAINTEXT://127.0.0.1:{}{secure}", node.advertised);
        let mut text = format!(
            "process.roles=broker,controller\n\
             node.id={broker}\n\
             controller.quorum.voters={voters}\n\
             controller.listener.names=CONTROLLER\n\
             listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller}{secure}\n\
             advertised.listeners={told}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL\n\
             inter.broker.listener.name=PLAINTEXT\n\
             log.dirs={folder}/data-{broker}\n\
             auto.create.topics.enable=false\n\
             group.initial.rebalance.delay.ms=0\n\
             default.replication.factor={replicas}\n\
             offsets.topic.num.partitions=4\n\
             offsets.topic.replication.factor={replicas}\n\
             transaction.state.log.num.partitions=4\n\
             transaction.state.log.replication.factor={replicas}\n\
             transaction.state.log.min.isr={in_sync}\n\
             share.coordinator.state.topic.num.partitions=4\n\
             share.coordinator.state.topic.replication.factor={replicas}\n\
             share.coordinator.state.topic.min.isr={in_sync}\n",
            voters = voters.join(","),
            plain = node.plain,
            controller = node.controller,
        );
        if secured {
            let (with_password, mutual) = ("listener.name.sasl_ssl", "listener.name.ssl");
            for of_listener in [with_password, mutual] {
                write!(
                    text,
                    "{of_listener}.ssl.keystore.type=PKCS12\n\
                     {of_listener}.ssl.keystore.location={folder}/broker.p12\n\
                     {of_listener}.ssl.keystore.password={PASSWORD}\n"
                )
                .expect("written to memory");
            }
            write!(
                text,
                "{with_password}.sasl.enabled.mechanisms=SCRAM-SHA-512\n\
                 {with_password}.scram-sha-512.sasl.jaas.config=\
                 org.apache.kafka.common.security.scram.ScramLoginModule required;\n\
                 {mutual}.ssl.client.auth=required\n\
                 {mutual}.ssl.truststore.type=PEM\n\
                 {mutual}.ssl.truststore.location={folder}/client.pem\n"
            )
            .expect("written to memory");
        }
        text
    }

    fn make_certificates(&self) {
        let keytool = |arguments: &[&str]| {
            let store = ["-alias", "broker", "-keystore", "broker.p12", "-storetype", "PKCS12", "-storepass", PASSWORD];
            let made = Command::new("keytool").args(arguments).args(store).current_dir(&self.folder).output();
            let made = made.expect("keytool runs");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        };
        let names = "san=ip:127.0.0.1,dns:localhost";
        keytool(&["-genkeypair", "-keyalg", "EC", "-dname", "CN=broker", "-validity", "2", "-ext", names]);
        keytool(&["-exportcert", "-rfc", "-file", "ca.pem"]);
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        openssl.args(["-subj", "/CN=client", "-days", "2", "-keyout", "client.key", "-out", "client.pem"]);
        let made = openssl.current_dir(&self.folder).output().expect("openssl runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::write(self.folder.join("password"), PASSWORD).expect("written");
    }

    fn order(&self, order: &str) {
        let mut orders = self.orders.lock().expect("no order panicked");
        let (input, output) = &mut *orders;
        writeln!(input, "{order}").expect("the shell reads");
        let mut answer = String::new();
        output.read_line(&mut answer).expect("readable");
        assert!(order.starts_with(answer.trim()) && answer.len() > 1, "the shell that minds Kafka is gone");
    }

    fn process(&self, broker: usize) -> String {
        let process = fs::read_to_string(self.folder.join(format!("{broker}.pid")));
        process.unwrap_or_else(|_| panic!("broker {broker} does not run")).trim().to_owned()
    }

    /// Waits until the broker has joined the cluster and accepts requests. The error is its log if it ended instead.
    fn wait_for(&self, broker: usize, deadline: Instant) -> Result<(), String> {
        let process = self.process(broker);
        loop {
            let ended = !process::is_running(&process);
            let log = fs::read(self.folder.join(format!("{broker}.log"))).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            let this_time = log.rsplit("Starting controller").next().unwrap_or_default();
            if !ended && this_time.len() < log.len() && this_time.contains("Kafka Server started") {
                return Ok(());
            }
            if ended || Instant::now() > deadline {
                let what = if ended { "ended" } else { "was not ready in time" };
                return Err(format!("Kafka's broker {broker} {what}; its log:\n{log}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Secured {
    /// Gives the broker and the client new certificates, in the same files. The broker is restarted, and accepts only
    /// the new one.
    pub fn renew_certificates(&self) {
        self.kafka.kill(1);
        fs::remove_file(self.kafka.folder.join("broker.p12")).expect("removed");
        self.kafka.make_certificates();
        self.kafka.start_again(1);
    }
}

/// A Python with the package `kafka-python`.
pub fn python() -> PathBuf {
    installed("KAFKA_PYTHON", &format!("kafka-python-{PYTHON_VERSION}"), "bin/python").join("bin/python")
}

fn jars() -> PathBuf {
    installed("KAFKA_JARS", &format!("kafka-{VERSION}"), &format!("kafka_2.13-{VERSION}.jar"))
}

/// The folder where `make kafka` puts something of this name, which contains this file; or the folder in a variable.
fn installed(variable: &str, name: &str, file: &str) -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set(variable).unwrap_or_else(|| {
        let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache"))).unwrap_or_default();
        cache.join("frontdoor/tools").join(name)
    });
    assert!(folder.join(file).exists(), "these tests need {name}: run `make kafka`, or set {variable} to its folder");
    folder
}

/// Distinct ports that are free now.
pub fn free_ports(count: usize) -> Vec<u16> {
    let width = PORTS.end - PORTS.start;
    let first = RandomState::new().hash_one(std::process::id()) % u64::from(width);
    let first = u16::try_from(first).expect("less than a port");
    let candidates = (0..width).map(|step| PORTS.start + (first + step) % width);
    let free: Vec<_> =
        candidates.filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()).take(count).collect();
    free.iter().map(|bound| bound.local_addr().expect("bound").port()).collect()
}
