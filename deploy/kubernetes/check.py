"""Checks of the manifests, without a cluster: `make test-manifests` runs them.

What Kubernetes would refuse is found by its own schemas and by those of the operators; what it would accept although it does not fit
Frontdoor is found by comparison with the binary: its settings, ports and paths.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import kubernetes_validate
import yaml

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
RUNBOOKS = ROOT / "deploy" / "runbooks"
KUSTOMIZE = os.environ["KUSTOMIZE"]
PROMTOOL = os.environ["PROMTOOL"]
FRONTDOOR = os.environ["FRONTDOOR"]
# The folder of the definitions of CloudNativePG's resources, as its module has them.
CNPG = pathlib.Path(os.environ["CNPG_CRDS"])
VERSIONS = ["1.31", "1.32", "1.33", "1.34"]
OVERLAYS = sorted(path.name for path in (HERE / "overlays").iterdir() if not path.name.startswith("."))
ROLES = {"command": ["command"], "relay": ["relay"], "policies": ["policies"], "projections": ["projections"],
         "query": ["query", "pages"]}
# Settings that have another value in a cluster than by default, and why.
OTHER_IN_A_CLUSTER = {
    "FRONTDOOR_LISTEN": "pods are reached by their own address",
    "FRONTDOOR_ADMIN": "probes, monitoring and the operator's pages come from other pods",
    "FRONTDOOR_DATA": "the folder of the volume",
    "FRONTDOOR_ROLES": "each Deployment has its own",
    "FRONTDOOR_DEMO": "for the overlay `local` only",
    "FRONTDOOR_CONNECTIONS_MAX": "the default depends on the limit of open files",
}


def rendered(folder):
    done = subprocess.run([KUSTOMIZE, "build", HERE / folder], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{folder} cannot be rendered: {done.stderr}")
    return list(yaml.safe_load_all(done.stdout))


def of_kind(documents, kind):
    return [document for document in documents if document["kind"] == kind]


def name(document):
    return f"{document['kind']} {document['metadata']['name']}"


def settings_of_the_binary():
    """The settings by name, with their defaults; None for one without a default."""
    text = subprocess.run([FRONTDOOR, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    options = re.split(r"\n\s+(?=--?[a-z])", re.sub(r"\n {10,}", " ", text))
    settings = {}
    for option in options:
        env = re.search(r"\[env: (FRONTDOOR_[A-Z_]+)", option)
        default = re.search(r"\[default: ([^\]]+)\]", option)
        if env:
            settings[env[1]] = default[1] if default else None
    return settings


class Manifests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.settings = settings_of_the_binary()
        cls.overlays = {overlay: rendered(f"overlays/{overlay}") for overlay in OVERLAYS}

    def each(self, kind=None):
        """All documents of all overlays, or those of a kind."""
        return [document for documents in self.overlays.values() for document in (documents if kind is None else of_kind(documents, kind))]

    def test_kubernetes_knows_every_field(self):
        known = 0
        for document in self.each():
            if "." in document["apiVersion"].partition("/")[0] and not document["apiVersion"].partition("/")[0].endswith(".k8s.io"):
                continue
            for version in VERSIONS:
                kubernetes_validate.validate(document, version, strict=True)
                known += 1
        self.assertGreater(known, 50)

    def test_cloudnativepg_knows_every_field(self):
        schemas = {}
        for file in CNPG.glob("*.yaml"):
            definition = yaml.safe_load(file.read_text())["spec"]
            for version in definition["versions"]:
                schemas[f"{definition['group']}/{version['name']}", definition["names"]["kind"]] = version["schema"]["openAPIV3Schema"]
        seen = 0
        for document in self.each():
            if document["apiVersion"].startswith("postgresql.cnpg.io/"):
                schema = closed(schemas[document["apiVersion"], document["kind"]])
                jsonschema.validate(document, schema)
                seen += 1
        self.assertGreaterEqual(seen, 2 * len(OVERLAYS))

    def test_settings_are_those_of_the_binary(self):
        self.assertGreater(len(self.settings), 15, "the help was read")
        base = of_kind(rendered("base"), "ConfigMap")[0]["data"]
        for setting, value in base.items():
            with self.subTest(setting):
                self.assertIn(setting, self.settings)
                if self.settings[setting] is not None and setting not in OTHER_IN_A_CLUSTER:
                    self.assertEqual(value, self.settings[setting], "the default, or a reason in OTHER_IN_A_CLUSTER")
        for setting, default in self.settings.items():
            with self.subTest(setting):
                self.assertTrue(default is None or setting in base or setting in OTHER_IN_A_CLUSTER, "it is in settings.env")
        for document in self.each("ConfigMap"):
            for setting in document["data"]:
                if setting.startswith("FRONTDOOR_"):
                    self.assertIn(setting, self.settings)
        for document in self.each("Deployment"):
            for variable in container(document)["env"]:
                self.assertIn(variable["name"], self.settings)

    def test_each_role_has_a_deployment(self):
        for overlay, documents in self.overlays.items():
            with self.subTest(overlay):
                deployed = {}
                for document in of_kind(documents, "Deployment"):
                    roles = [variable["value"] for variable in container(document)["env"] if variable["name"] == "FRONTDOOR_ROLES"]
                    deployed[document["metadata"]["name"].removeprefix("frontdoor-")] = roles[0].split(",")
                self.assertEqual(deployed, ROLES)

    def test_pods_are_restricted_and_end_in_time(self):
        seen = 0
        for kind in ["Deployment", "Job"]:
            for document in self.each(kind):
                pod, of_pod = document["spec"]["template"]["spec"], container(document)
                self.assertIs(pod["automountServiceAccountToken"], False)
                self.assertIs(pod["enableServiceLinks"], False)
                self.assertIs(pod["securityContext"]["runAsNonRoot"], True)
                self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                security = of_pod["securityContext"]
                self.assertIs(security["readOnlyRootFilesystem"], True)
                self.assertIs(security["allowPrivilegeEscalation"], False)
                self.assertEqual(security["capabilities"], {"drop": ["ALL"]})
                self.assertIn("memory", of_pod["resources"]["limits"])
                self.assertEqual(set(of_pod["resources"]["requests"]), {"cpu", "memory"})
                seen += 1
        self.assertEqual(seen, (len(ROLES) + 1) * len(OVERLAYS))
        for document in self.each("Deployment"):
            pod = document["spec"]["template"]["spec"]
            pause = container(document)["lifecycle"]["preStop"]["sleep"]["seconds"]
            # SIGTERM ends the process within ten seconds (README).
            self.assertGreaterEqual(pod["terminationGracePeriodSeconds"], pause + 10 + 5)

    def test_the_databases_have_a_connection_for_every_pod_that_there_may_be(self):
        """The most that a pod opens: for each of two logs 4 readers and a writer, 4 of policies; 10 for views, 5 for sign-ins, a
        listener. A rolling update has a pod more; CloudNativePG has some of its own."""
        documents = self.overlays["cluster"]
        pods = {document["metadata"]["name"].removeprefix("frontdoor-"): document["spec"].get("replicas") for document in of_kind(documents, "Deployment")}
        pods |= {document["metadata"]["name"].removeprefix("frontdoor-"): document["spec"]["maxReplicas"] for document in of_kind(documents, "HorizontalPodAutoscaler")}
        opened = {"log": sum((count + 1) * 14 for count in pods.values()),
                  "views": sum((pods[role] + 1) * 16 for role in ["projections", "query"])}
        for cluster in of_kind(documents, "Cluster"):
            most = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
            self.assertLess(opened[cluster["metadata"]["name"]] + 30, most)

    def test_probes_and_ports_name_each_other(self):
        for document in self.each("Deployment"):
            ports = {port["name"]: port["containerPort"] for port in container(document)["ports"]}
            self.assertEqual(ports, {"public": 8080, "operator": 8081})
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"]:
                self.assertIn(container(document)[probe]["httpGet"]["port"], ports)
        for document in self.each("Service"):
            for port in document["spec"]["ports"]:
                self.assertIn(port["targetPort"], ["public", "operator"])

    def test_every_mount_and_every_file_of_a_setting_exists(self):
        for overlay, documents in self.overlays.items():
            settings = of_kind(documents, "ConfigMap")
            settings = {key: value for document in settings for key, value in document["data"].items()}
            for document in of_kind(documents, "Deployment") + of_kind(documents, "Job"):
                with self.subTest(overlay=overlay, document=name(document)):
                    pod, of_pod = document["spec"]["template"]["spec"], container(document)
                    volumes = {volume["name"] for volume in pod["volumes"]}
                    mounts = {mount["name"]: mount["mountPath"] for mount in of_pod["volumeMounts"]}
                    self.assertEqual(set(mounts), volumes, "each volume is mounted, and each mount is a volume")
                    role, needed = document["metadata"]["name"].removeprefix("frontdoor-"), set()
                    if document["kind"] == "Deployment":
                        needed.add("FRONTDOOR_LOG")
                    if role in ["projections", "query"]:
                        needed.add("FRONTDOOR_VIEWS")
                    if role in ["relay", "policies", "projections"]:
                        needed.add("FRONTDOOR_FEED")
                    text = " ".join(settings[setting] for setting in needed) + " " + " ".join(of_pod["args"])
                    paths = set(re.findall(r"/etc/frontdoor/[a-z.-]+/[a-z.]+", text))
                    self.assertGreater(len(paths), 1)
                    own = set()
                    for volume in pod["volumes"]:
                        # The Secret of a user has more files than are used: user.p12 and user.password.
                        items = [item["path"] for item in volume.get("secret", {}).get("items", [])] or ["user.crt", "user.key"]
                        own |= {f"{mounts[volume['name']]}/{item}" for item in items if "secret" in volume}
                    self.assertEqual(paths, own, "what the settings name is mounted, and nothing else")

    def test_the_network_allows_these_connections_only(self):
        """The arrows of README's picture. `kafka`, `log` and `views` are the servers beside the roles."""
        expected = {("query", role, "operator") for role in ROLES}
        expected |= {(role, "log", 5432) for role in [*ROLES, "migrate"]}
        expected |= {(role, "views", 5432) for role in ["projections", "query"]}
        expected |= {(role, "kafka", 9093) for role in ["relay", "policies", "projections"]}
        for overlay, documents in self.overlays.items():
            with self.subTest(overlay):
                self.assertEqual(connections(documents), expected)

    def test_the_world_outside_reaches_and_is_reached_only_so(self):
        """Peers that are no pods of this system: namespaces by their labels, and networks."""
        dns = {(pod, "Egress", "kube-system") for pod in [*ROLES, "migrate"]}
        of_cluster = {("command", "Ingress", "frontdoor/ingress"), ("query", "Ingress", "frontdoor/ingress"), ("policies", "Egress", "0.0.0.0/0")}
        of_cluster |= {(role, "Ingress", "monitoring") for role in ROLES}
        for overlay, expected in {"local": dns, "cluster": dns | of_cluster}.items():
            with self.subTest(overlay):
                documents, found = self.overlays[overlay], set()
                pods = labels_of_pods(documents)
                for policy in of_kind(documents, "NetworkPolicy"):
                    for way, key in [("Ingress", "from"), ("Egress", "to")]:
                        for rule in policy["spec"].get(way.lower(), []):
                            for peer in rule[key]:
                                ends = [pod for pod, labels in pods.items() if selects(policy["spec"]["podSelector"], labels)]
                                found |= {(end, way, outside(peer)) for end in ends if outside(peer)}
                self.assertEqual(found, expected)

    def test_every_alert_has_a_page_and_asks_for_metrics_that_exist(self):
        sources = [path.read_text() for folder in ["events", "command-side", "projections", "query-side", "deploy"]
                   for path in (ROOT / folder).rglob("*.rs") if "target" not in path.parts]
        metrics = {found for text in sources for found in re.findall(r'metrics::(?:gauge|counter|histogram)!\(\s*"([a-z_]+)"', text)}
        self.assertGreater(len(metrics), 30)
        [rules] = of_kind(self.overlays["cluster"], "PrometheusRule")
        alerts = [rule for group in rules["spec"]["groups"] for rule in group["rules"]]
        words = {"sum", "max", "by", "on", "unless", "rate", "increase", "absent", "or", "and", "up", "job", "role", "log", "name", "policy", "pod", "status", "le"}
        for rule in alerts:
            with self.subTest(rule["alert"]):
                page = ROOT / rule["annotations"]["runbook"]
                self.assertTrue(page.is_file(), page)
                self.assertEqual(rule["expr"].count("{"), rule["expr"].count('{job="frontdoor"'), "no other program's metrics")
                expression = re.sub(r'"[^"]*"|\[[0-9a-z]+\]', "", rule["expr"])
                asked = set(re.findall(r"[a-z_]{2,}", expression)) - words
                asked = {re.sub(r"_seconds_(count|bucket|sum)$", "_seconds", metric) for metric in asked}
                self.assertLessEqual(asked, metrics)
        pages = {path.stem for path in (RUNBOOKS / "alerts").glob("*.md")}
        self.assertEqual(pages, {rule["alert"] for rule in alerts})

    def test_alerts_fire_when_they_should(self):
        [rules] = of_kind(self.overlays["cluster"], "PrometheusRule")
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "alerts.yaml").write_text(yaml.safe_dump(rules["spec"]))
            tests = yaml.safe_load((HERE / "alerts.test.yaml").read_text())
            (folder / "tests.yaml").write_text(yaml.safe_dump({"rule_files": ["alerts.yaml"], "evaluation_interval": "1m", **tests}))
            for command in [["check", "rules", "alerts.yaml"], ["test", "rules", "tests.yaml"]]:
                done = subprocess.run([PROMTOOL, *command], cwd=folder, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            tested = {test["alertname"] for case in tests["tests"] for test in case["alert_rule_test"] if test["exp_alerts"]}
        self.assertEqual(tested, {rule["alert"] for group in rules["spec"]["groups"] for rule in group["rules"]}, "each alert is seen to fire")

    def test_the_runbooks_patch_renames_the_migration(self):
        [block] = re.findall(r"```yaml\n(.*?)```", (RUNBOOKS / "upgrade.md").read_text(), re.S)
        with tempfile.TemporaryDirectory(prefix=".", dir=HERE / "overlays") as folder:
            overlay = {"resources": ["../cluster"], **yaml.safe_load(block)}
            (pathlib.Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
            [job] = of_kind(rendered(folder), "Job")
        self.assertEqual(job["metadata"]["name"], "frontdoor-migrate-0-2-0")

    def test_secrets_have_what_is_mounted(self):
        printed = subprocess.run([HERE / "secrets.sh"], capture_output=True, text=True, check=True).stdout
        made = {document["metadata"]["name"]: document for document in yaml.safe_load_all(printed)}
        self.assertEqual(set(made), {"frontdoor-owner", "frontdoor-server", "frontdoor-views"})
        for document in made.values():
            kubernetes_validate.validate(document, VERSIONS[0], strict=True)
            self.assertRegex(document["stringData"]["password"], "^[A-Za-z0-9]{32}$")
        self.assertEqual(len({document["stringData"]["password"] for document in made.values()}), len(made))
        # Those of CloudNativePG and Strimzi come into being with their clusters.
        of_operators = {"log-ca", "views-ca", "kafka-cluster-ca-cert", "frontdoor-relay", "frontdoor-follower"}
        for kind in ["Deployment", "Job"]:
            for document in self.each(kind):
                for volume in document["spec"]["template"]["spec"]["volumes"]:
                    if "secret" in volume:
                        self.assertIn(volume["secret"]["secretName"], set(made) | of_operators)
        for document in self.each("Cluster"):
            text = json.dumps(document)
            for secret in re.findall(r'"(frontdoor-[a-z]+)"', text):
                self.assertIn(secret, made)


def container(document):
    [only] = document["spec"]["template"]["spec"]["containers"]
    return only


def closed(schema):
    """The schema, which refuses fields that it does not name, as `kubectl apply` with strict validation does."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
    if "properties" in schema and isinstance(schema["properties"], dict) and "additionalProperties" not in schema \
            and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result["additionalProperties"] = False
        result["properties"].setdefault("apiVersion", {})
        result["properties"].setdefault("kind", {})
        if result["properties"].get("metadata") == {"type": "object"}:
            result["properties"]["metadata"] = {"type": "object"}
    return result


def labels_of_pods(documents):
    pods = {}
    for document in of_kind(documents, "Deployment") + of_kind(documents, "Job"):
        pods[document["metadata"]["name"].removeprefix("frontdoor-")] = document["spec"]["template"]["metadata"]["labels"]
    for cluster in ["log", "views"]:
        pods[cluster] = {"cnpg.io/cluster": cluster}
    pods["kafka"] = {"strimzi.io/cluster": "kafka", "strimzi.io/kind": "Kafka"}
    return pods


def outside(peer):
    """The namespace or the network that a peer is, if it is one."""
    labels = peer.get("namespaceSelector", {}).get("matchLabels", {})
    namespace = labels.get("kubernetes.io/metadata.name") or next(iter(labels), None)
    return namespace or peer.get("ipBlock", {}).get("cidr")


def selects(selector, labels):
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions", []):
        if expression["operator"] != "In" or labels.get(expression["key"]) not in expression["values"]:
            assert expression["operator"] == "In", expression
            return False
    return True


def connections(documents):
    """The connections that the policies allow: both ends, if both are pods with policies. Names of services are left out."""
    pods, policies = labels_of_pods(documents), of_kind(documents, "NetworkPolicy")
    own = [pod for pod, labels in pods.items() if labels.get("app.kubernetes.io/name", "").startswith("frontdoor")]
    for pod in own:
        for way in ["Ingress", "Egress"]:
            if not any(way in policy["spec"]["policyTypes"] and selects(policy["spec"]["podSelector"], pods[pod]) for policy in policies):
                raise AssertionError(f"{pod}: nothing limits its {way}")

    def allowed(way, end, other):
        found = set()
        for policy in policies:
            for rule in policy["spec"].get(way.lower(), []) if selects(policy["spec"]["podSelector"], pods[end]) else []:
                peers = rule.get("to" if way == "Egress" else "from")
                assert peers, f"{name(policy)} allows everything"
                if any(selects(peer["podSelector"], pods[other]) for peer in peers if set(peer) == {"podSelector"}):
                    found |= {port["port"] for port in rule["ports"]}
        return found

    result = set()
    for source in own:
        for target in pods:
            ports = allowed("Egress", source, target)
            if target in own:
                ports &= allowed("Ingress", target, source)
            result |= {(source, target, port) for port in ports}
    return result


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
