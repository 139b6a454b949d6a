"""Runs what an overlay says, without a cluster: `make test-pods` runs it as root.

Each Deployment's container is a process here, with its command line, its environment, its user, its mounted files and their modes, and
its address. Beside them are a PostgreSQL and a Kafka that ask for what the operators' ask: TLS, passwords, certificates, and the access
rules of the KafkaUsers. The kubelet's part is played as far as a process can see it: the Job runs first, probes are asked at the ports
that the pods name, and SIGTERM comes with the pod's own grace period.

Everything is in a mount namespace and a network namespace of its own, so that addresses, ports, paths and names of hosts can be those
of the cluster. One thing differs: `0.0.0.0` in a setting becomes the pod's address, because the pods share a network namespace.
"""

import base64
import fcntl
import os
import pathlib
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

HERE = pathlib.Path(__file__).parent
FRONTDOOR = pathlib.Path(os.environ["FRONTDOOR"]).resolve()
POSTGRES = pathlib.Path(os.environ["POSTGRES_BIN"])
KAFKA = pathlib.Path(os.environ["KAFKA_JARS"])
# Given to the process that is in namespaces of its own.
FOLDER = pathlib.Path(sys.argv[2]) if sys.argv[1:2] == ["--inside"] else None
# The time limits in seconds: for servers to start, for a Job, and for all roles to be ready.
STARTED_WITHIN, DONE_WITHIN, READY_WITHIN = 60, 60, 120
HOSTS = {"log-rw": "127.0.0.2", "views-rw": "127.0.0.3", "kafka-kafka-bootstrap": "127.0.0.4"}
JAVA = ["java", "-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{KAFKA}/*"]
KAFKA_ADMIN = "127.0.0.4:9092"


def main(overlay):
    """All files are on a file system in memory that only this process and its children see, so they end with it. Nothing is removed one
    by one: the folders of the pods contain mounts of this machine's own folders."""
    for folder, mode in [(FOLDER, "0711"), ("/dev/shm", "1777")]:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode={mode}", "none", folder], check=True)
    documents = rendered(overlay)
    cluster = Cluster(FOLDER, documents)
    try:
        cluster.start_servers()
        cluster.run_jobs()
        cluster.start_pods()
        cluster.probe_pods()
        cluster.ask_as_people_do()
        cluster.end_pods()
    finally:
        cluster.end()
    print(f"overlay {overlay}: {len(cluster.pods)} roles ran as it says, were ready, and ended in time")


def isolated(overlay):
    """Runs `main` in namespaces of its own. Returns its exit code."""
    folder = tempfile.mkdtemp(prefix="frontdoor-pods-")
    try:
        command = ["unshare", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc", "--propagation", "private", sys.executable]
        return subprocess.run([*command, __file__, "--inside", folder, *namespaces(), overlay]).returncode
    finally:
        # It is empty here: what was in it was in the other mount namespace.
        os.rmdir(folder)


def namespaces():
    """The names of the mount namespace and of the network namespace that this process is in."""
    return [os.readlink(f"/proc/self/ns/{kind}") for kind in ["mnt", "net"]]


def raise_loopback():
    """SIOCSIFFLAGS with IFF_UP and IFF_RUNNING, as `ip link set lo up` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))


def rendered(overlay):
    output = subprocess.run([os.environ["KUSTOMIZE"], "build", HERE / "overlays" / overlay], capture_output=True, text=True, check=True).stdout
    return list(yaml.safe_load_all(output))


class Cluster:
    def __init__(self, folder, documents):
        self.folder = folder
        self.by_kind = {}
        for document in documents:
            self.by_kind.setdefault(document["kind"], []).append(document)
        self.settings = {key: value for document in self.by_kind["ConfigMap"] for key, value in document["data"].items()}
        self.secrets = self.make_secrets()
        deployments = [one for one in self.by_kind["Deployment"] if one["metadata"]["labels"].get("app.kubernetes.io/name") == "frontdoor"]
        addresses = {document["metadata"]["name"]: f"127.0.1.{number}" for number, document in enumerate(deployments, 1)}
        # The Service of the operator's ports has no address of its own: its name stands for every pod.
        hosts = [*((address, host) for host, address in HOSTS.items()), *((address, "frontdoor-operator") for address in addresses.values())]
        self.hosts = "127.0.0.1 localhost\n" + "".join(f"{address} {host}\n" for address, host in hosts)
        self.pods = [Pod(self, document, addresses[document["metadata"]["name"]]) for document in deployments]
        self.servers = []

    def make_secrets(self):
        """The Secrets of `secrets.sh` and those that the operators make: two authorities, and certificates."""
        found = {}
        printed = subprocess.run([HERE / "secrets.sh"], capture_output=True, text=True, check=True).stdout
        for document in yaml.safe_load_all(printed):
            found[document["metadata"]["name"]] = document["stringData"]
        for authority in ["databases", "brokers", "clients"]:
            self.openssl(["req", "-x509", "-keyout", f"{authority}.key", "-out", f"{authority}.crt", "-subj", f"/CN={authority}",
                          "-addext", "keyUsage=critical,keyCertSign"])
        self.certify("databases", "database", ["log-rw", "views-rw"])
        self.certify("brokers", "broker", ["kafka-kafka-bootstrap"])
        read = lambda name: (self.folder / name).read_text()
        found["log-ca"] = found["views-ca"] = {"ca.crt": read("databases.crt")}
        found["kafka-cluster-ca-cert"] = {"ca.crt": read("brokers.crt")}
        for user in self.by_kind["KafkaUser"]:
            name = user["metadata"]["name"]
            self.certify("clients", name, [name])
            found[name] = {"user.crt": read(f"{name}.crt"), "user.key": read(f"{name}.key"), "ca.crt": read("clients.crt")}
        return found

    def named(self, kind, name, is_optional=False):
        for document in self.by_kind[kind]:
            if document["metadata"]["name"] == name:
                return document
        assert is_optional, f"there is no {kind} {name}"
        return None

    def openssl(self, arguments):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        subprocess.run(["openssl", *arguments, *key], cwd=self.folder, check=True, capture_output=True)

    def certify(self, authority, name, hosts):
        self.openssl(["req", "-x509", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-keyout", f"{name}.key", "-out", f"{name}.crt",
                      "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:FALSE",
                      "-addext", "subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts)])

    def start_servers(self):
        (self.folder / "hosts").write_text(self.hosts)
        subprocess.run(["mount", "--bind", self.folder / "hosts", "/etc/hosts"], check=True)
        # Kafka starts while PostgreSQL does.
        broker = self.start_kafka()
        self.start_postgres()
        wait_until(STARTED_WITHIN, "Kafka starts", lambda: is_open(KAFKA_ADMIN) and broker.poll() is None, lambda: (self.folder / "kafka.log").read_text()[-4000:])
        for user in self.by_kind["KafkaUser"]:
            for rule in user["spec"]["authorization"]["acls"]:
                self.allow(user["metadata"]["name"], rule)

    def start_postgres(self):
        data, run = self.folder / "postgres", ["runuser", "-u", "postgres", "--"]
        data.mkdir()
        subprocess.run(["chown", "postgres", data], check=True)
        subprocess.run([*run, POSTGRES / "initdb", "-D", data, "-U", "postgres", "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"],
                       check=True, capture_output=True, cwd="/")
        for name in ["database.crt", "database.key"]:
            subprocess.run(["install", "-o", "postgres", "-m", "0600", self.folder / name, data / name], check=True)
        (data / "pg_hba.conf").write_text("local all all trust\nhostssl all all all scram-sha-256\n")
        settings = {"listen_addresses": "127.0.0.2,127.0.0.3", "ssl": "on", "ssl_cert_file": "database.crt", "ssl_key_file": "database.key",
                    "unix_socket_directories": data, "max_connections": 200, "fsync": "off"}
        options = [part for name, value in settings.items() for part in ["-c", f"{name}={value}"]]
        server = subprocess.Popen([*run, POSTGRES / "postgres", "-D", data, *options], cwd="/", stdout=self.output("postgres"), stderr=subprocess.STDOUT)
        self.servers.append(server)
        psql = [*run, POSTGRES / "psql", "-h", data, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c"]
        ready = [*run, POSTGRES / "pg_isready", "-q", "-h", data]
        wait_until(STARTED_WITHIN, "PostgreSQL starts", lambda: subprocess.run(ready, cwd="/").returncode == 0)
        # As CloudNativePG does by the Clusters: a database with its owner, and the roles that are managed.
        for cluster in self.by_kind["Cluster"]:
            first = cluster["spec"]["bootstrap"]["initdb"]
            roles = [first["owner"], *(role["name"] for role in cluster["spec"].get("managed", {}).get("roles", []))]
            secret = {first["owner"]: first["secret"]["name"]}
            secret |= {role["name"]: role["passwordSecret"]["name"] for role in cluster["spec"].get("managed", {}).get("roles", [])}
            for role in roles:
                password = self.secrets[secret[role]]["password"]
                subprocess.run([*psql, f"CREATE ROLE {role} LOGIN PASSWORD '{password}'"], check=True, cwd="/")
            subprocess.run([*psql, f"CREATE DATABASE {first['database']} OWNER {first['owner']}"], check=True, cwd="/")

    def start_kafka(self):
        name = lambda one: (self.folder / one).read_text()
        (self.folder / "broker.pem").write_text(name("broker.key") + name("broker.crt"))
        [kafka] = self.by_kind["Kafka"]
        [listener] = kafka["spec"]["kafka"]["listeners"]
        assert (listener["tls"], listener["authentication"], kafka["spec"]["kafka"]["authorization"]) == (True, {"type": "tls"}, {"type": "simple"})
        # One broker stands for all, so a topic has one replica.
        properties = {
            "process.roles": "broker,controller", "node.id": 1,
            "controller.quorum.voters": "1@127.0.0.4:9091", "controller.listener.names": "CONTROLLER",
            "listeners": f"TLS://127.0.0.4:{listener['port']},ADMIN://{KAFKA_ADMIN},CONTROLLER://127.0.0.4:9091",
            "advertised.listeners": f"TLS://kafka-kafka-bootstrap:{listener['port']},ADMIN://{KAFKA_ADMIN}",
            "listener.security.protocol.map": "TLS:SSL,ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT", "inter.broker.listener.name": "ADMIN",
            "log.dirs": self.folder / "kafka", "auto.create.topics.enable": "false", "offsets.topic.replication.factor": 1,
            "transaction.state.log.replication.factor": 1, "transaction.state.log.min.isr": 1,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users": "User:ANONYMOUS",
            "listener.name.tls.ssl.client.auth": "required",
            "listener.name.tls.ssl.keystore.type": "PEM", "listener.name.tls.ssl.keystore.location": self.folder / "broker.pem",
            "listener.name.tls.ssl.truststore.type": "PEM", "listener.name.tls.ssl.truststore.location": self.folder / "clients.crt",
        }
        file = self.folder / "kafka.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
        # The first byte is 0, so that the text does not begin with `-`, which would make it a flag.
        identity = base64.urlsafe_b64encode(bytes(1) + secrets.token_bytes(15)).decode().rstrip("=")
        subprocess.run([*JAVA, "kafka.tools.StorageTool", "format", "-c", file, "-t", identity], check=True, stdout=self.output("kafka"), stderr=subprocess.STDOUT)
        server = subprocess.Popen([*JAVA, "kafka.Kafka", file], stdout=self.output("kafka"), stderr=subprocess.STDOUT)
        self.servers.append(server)
        return server

    def allow(self, user, rule):
        """One rule of a KafkaUser, as Strimzi's operator gives it to the brokers."""
        resource = rule["resource"]
        which = ["--cluster"] if resource["type"] == "cluster" else [f"--{resource['type']}", resource["name"]]
        pattern = {"prefix": "prefixed", "literal": "literal"}[resource.get("patternType", "literal")]
        operations = [part for operation in rule["operations"] for part in ["--operation", operation]]
        arguments = ["--add", "--allow-principal", f"User:CN={user}", *which, "--resource-pattern-type", pattern, *operations]
        done = subprocess.run([*JAVA, "org.apache.kafka.tools.AclCommand", "--bootstrap-server", KAFKA_ADMIN, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def output(self, name):
        return open(self.folder / f"{name}.log", "ab")

    def run_jobs(self):
        for document in self.by_kind["Job"]:
            job = Pod(self, document, "127.0.1.200")
            job.start()
            status = job.process.wait(DONE_WITHIN)
            assert status == 0, f"{job.name} ended with {status}: {job.printed()}"

    def start_pods(self):
        for pod in self.pods:
            pod.start()

    def probe_pods(self):
        deadline = time.monotonic() + READY_WITHIN
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"]:
            for pod in self.pods:
                wait_until(deadline - time.monotonic(), f"{pod.name} answers its {probe}", lambda: pod.passes(probe), pod.printed)

    def ask_as_people_do(self):
        """The public Service of queries leads to the pages, and the operator's tool sees every pod as well."""
        query = next(pod for pod in self.pods if pod.name == "frontdoor-query")
        service = next(one for one in self.by_kind["Service"] if one["metadata"]["name"] == "frontdoor-query")
        [target] = [port["targetPort"] for port in service["spec"]["ports"] if port["port"] == 80]
        page = get(query.address, query.ports[target], "/", {"Accept": "text/html"})
        assert page and "<h1" in page, "the query role's public port serves the pages"
        status = query.inside(["status", "--admin", "frontdoor-operator:8081"])
        wait_until(READY_WITHIN, "status says that all is well", lambda: subprocess.run(status, capture_output=True).returncode == 0,
                   lambda: subprocess.run(status, capture_output=True, text=True).stdout)
        seen = subprocess.run(status, capture_output=True, text=True).stdout
        for pod in self.pods:
            assert pod.address in seen, f"{pod.name} is missing in: {seen}"

    def end_pods(self):
        for pod in self.pods:
            pod.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        for pod in self.pods:
            grace = pod.spec["terminationGracePeriodSeconds"] - pod.container["lifecycle"]["preStop"]["sleep"]["seconds"]
            status = pod.process.wait(max(0.1, began + grace - time.monotonic()))
            assert status == 0, f"{pod.name} ended with {status}: {pod.printed()}"

    def end(self):
        for process in [*(pod.process for pod in self.pods if pod.process), *self.servers]:
            if process.poll() is None:
                process.kill()
                process.wait()


class Pod:
    """A process with what the kubelet gives a container."""

    def __init__(self, cluster, document, address):
        self.cluster, self.address, self.process = cluster, address, None
        self.name = document["metadata"]["name"]
        self.spec = document["spec"]["template"]["spec"]
        [self.container] = self.spec["containers"]
        self.ports = {port["name"]: port["containerPort"] for port in self.container.get("ports", [])}
        self.root = cluster.folder / "roots" / self.name

    def environment(self):
        found = {}
        for source in self.container.get("envFrom", []):
            found |= self.cluster.named("ConfigMap", source["configMapRef"]["name"])["data"]
        found |= {variable["name"]: variable["value"] for variable in self.container.get("env", [])}
        return {key: value.replace("0.0.0.0", self.address) for key, value in found.items()}

    def start(self):
        self.make_root()
        self.process = subprocess.Popen(self.inside(self.container["args"]), env=self.environment(), stdout=self.cluster.output(self.name),
                                        stderr=subprocess.STDOUT)

    def inside(self, arguments):
        """The command that runs the binary in the pod's root, as the pod's user."""
        who = self.spec["securityContext"]
        return [shutil.which("setpriv"), "--no-new-privs", shutil.which("chroot"), f"--userspec={who['runAsUser']}:{who['runAsGroup']}", f"--groups={who['fsGroup']}",
                self.root, "/frontdoor", *arguments]

    def make_root(self):
        """The binary with the libraries of this machine, what a container runtime adds, and the volumes."""
        for folder in ["usr", "proc", "etc", "dev"]:
            (self.root / folder).mkdir(parents=True)
        for folder in ["usr", "proc"]:
            bind(f"/{folder}", self.root / folder)
        for link in ["lib", "lib64"]:
            (self.root / link).symlink_to(f"usr/{link}")
        for source, target in [("/dev/random", "dev/random"), ("/dev/urandom", "dev/urandom"), ("/dev/null", "dev/null"), (FRONTDOOR, "frontdoor")]:
            (self.root / target).touch()
            bind(source, self.root / target)
        (self.root / "etc/hosts").write_text(self.cluster.hosts)
        (self.root / "etc/nsswitch.conf").write_text("hosts: files\n")
        # A name of several lines has the addresses of all, as the name of a headless Service has.
        (self.root / "etc/host.conf").write_text("multi on\n")
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        for mount in self.container["volumeMounts"]:
            target = self.root / mount["mountPath"].lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            self.fill(target, volumes[mount["name"]])

    def fill(self, target, volume):
        group = self.spec["securityContext"]["fsGroup"]
        if "secret" in volume:
            files = self.cluster.secrets[volume["secret"]["secretName"]]
            items = volume["secret"].get("items") or [{"key": key, "path": key} for key in files]
            self.files(target, {item["path"]: files[item["key"]] for item in items}, volume["secret"].get("defaultMode", 0o644), group)
        elif "configMap" in volume:
            document = self.cluster.named("ConfigMap", volume["configMap"]["name"], volume["configMap"].get("optional", False))
            self.files(target, document["data"] if document else {}, 0o644, group)
        else:
            claim = volume.get("persistentVolumeClaim", {}).get("claimName", f"{self.name}-{volume['name']}")
            shared = self.cluster.folder / "volumes" / claim
            shared.mkdir(parents=True, exist_ok=True)
            os.chown(shared, 0, group)
            os.chmod(shared, 0o2775)
            target.mkdir()
            subprocess.run(["mount", "--bind", shared, target], check=True)

    @staticmethod
    def files(target, files, mode, group):
        target.mkdir()
        for name, text in files.items():
            (target / name).write_text(text)
            os.chown(target / name, 0, group)
            os.chmod(target / name, mode)

    def passes(self, probe):
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}: {self.printed()}"
        asked = self.container[probe]["httpGet"]
        return get(self.address, self.ports[asked["port"]], asked["path"]) is not None

    def printed(self):
        return (self.cluster.folder / f"{self.name}.log").read_text()[-4000:]


def get(address, port, path, headers=None):
    """The body of a 200; None for any other answer."""
    try:
        # As the kubelet does: the Host header is the pod's address.
        request = urllib.request.Request(f"http://{address}:{port}{path}", headers=headers or {})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, OSError):
        return None


def bind(source, target):
    subprocess.run(["mount", "-o", "bind,ro", source, target], check=True)


def is_open(address):
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
        return True
    except OSError:
        return False


def wait_until(seconds, what, holds, otherwise=lambda: ""):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not in time: {what}. {otherwise()}")
        time.sleep(0.1)


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("this needs root, for namespaces and for the users of the pods")
    if FOLDER:
        # It mounts over folders of this machine, so it has to be the first process of other namespaces than those that it was called from.
        outside, overlay = sys.argv[3:5], sys.argv[5]
        if os.getpid() != 1 or set(outside) & set(namespaces()):
            sys.exit("--inside is for this program itself")
        raise_loopback()
        main(overlay)
    else:
        sys.exit(max(isolated(overlay) for overlay in sys.argv[1:] or ["local"]))
