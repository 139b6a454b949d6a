"""Checks of the manifests, without a cluster: `make test-manifests` runs them.

What Kubernetes would refuse is found by its own schemas and by those of the operators; what it would accept although it does not fit
Frontdoor is found by comparison with the binary: its settings, ports and paths. kube-score, which others wrote, says what is not good
practice.
"""

import copy
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import kubernetes_validate
import kubernetes_validate.utils
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RUNBOOKS = ROOT / "deploy" / "runbooks"
KUSTOMIZE = os.environ["KUSTOMIZE"]
PROMTOOL = os.environ["PROMTOOL"]
FRONTDOOR = os.environ["FRONTDOOR"]
KUBE_SCORE = os.environ["KUBE_SCORE"]
# The path of the classes of strimzi/.
STRIMZI = os.environ["STRIMZI"]
# A folder for each project, of its CustomResourceDefinitions.
CRDS = pathlib.Path(os.environ["CRDS"])
VERSIONS = ["1.31", "1.32", "1.33", "1.34"]
ROLES = {"command": ["command"], "relay": ["relay"], "policies": ["policies"], "projections": ["projections"],
         "query": ["query", "pages"]}
# What the network of an overlay allows beyond that of the overlay that it builds on: `cluster` beyond `local`, `A/B` beyond `A`, and
# every other one beyond `cluster`. An overlay that adds nothing is not here.
#   pods     connections between pods: from, to, port
#   outside  peers that are not pods of this system: namespaces by their labels, and networks
NETWORK = {
    "local": {
        # The arrows of README's picture. `kafka`, `log` and `views` are the servers beside the roles.
        "pods": {("query", role, "operator") for role in ROLES}
        | {(role, "log", 5432) for role in [*ROLES, "migrate"]}
        | {(role, "views", 5432) for role in ["projections", "query"]}
        | {(role, "kafka", 9093) for role in ["relay", "policies", "projections"]},
        "outside": {(pod, "Egress", "kube-system") for pod in [*ROLES, "migrate"]},
    },
    "cluster": {
        "outside": {(role, "Ingress", "monitoring") for role in ROLES}
        | {(role, "Ingress", "frontdoor/ingress") for role in ["command", "query"]}
        | {("policies", "Egress", "0.0.0.0/0")},
    },
    "cluster/opentelemetry": {
        "pods": {("collector", role, "operator") for role in ROLES},
        "outside": {("collector", "Egress", "kube-system"), ("collector", "Egress", "monitoring")},
    },
}
# What kube-score finds, and why it is as it should be: its check, the finding as `overlay: Kind name: what`, and the reason. An
# exception that applies to nothing fails the test.
EXCEPTIONS = [
    ("container-resources", r".*: CPU limit is not set",
     "a pod that has reached a limit waits although the node's processors are free; requests divide them fairly when they are not"),
    ("container-image-pull-policy", r".*: ImagePullPolicy is not set to Always",
     "a release's tag is written once, and a pod starts where its image is already, although the registry is away"),
    ("deployment-has-host-podantiaffinity", r".*: Deployment does not have a host podAntiAffinity set",
     "topologySpreadConstraints spread the pods over zones and nodes, which the check does not know"),
    ("deployment-replicas", r"local: .*: Deployment few replicas", "the demonstration has one pod of each role"),
    ("deployment-replicas", r"aks.*: Deployment frontdoor-(command|query|projections): Deployment few replicas",
     "a ScaledObject has their number, and the check knows only a HorizontalPodAutoscaler"),
    ("container-ephemeral-storage-request-and-limit", r".*: (StatefulSet frontdoor-passwords|Deployment frontdoor-collector): .*",
     "their root is read-only, and they have no volume to write to"),
    ("statefulset-has-servicename", r"aks.*: StatefulSet frontdoor-passwords: .*", "its pod is never asked for anything, so it needs no name"),
    ("networkpolicy-targets-pod", r"aks.*: NetworkPolicy gateways: .*", "the pods of a Gateway are made by AKS"),
    ("pod-probes-identical", r".*: Deployment frontdoor-collector: .*",
     "the collector has one health check; the probe that restarts it waits a minute, the other one 15 seconds"),
]
# The metrics of CloudNativePG 1.30 and of its plugin Barman Cloud 0.15 that alerts ask for, from their sources.
OF_DATABASES = {"cnpg_pg_stat_archiver_last_failed_time", "cnpg_pg_stat_archiver_last_archived_time", "cnpg_collector_pg_wal",
                "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp"}
# It would read megabytes of schemas for each document.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)
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
    return list(yaml.load_all(done.stdout, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def rendered_with(overlay):
    """What an overlay beside the others would be."""
    with tempfile.TemporaryDirectory(prefix=".", dir=HERE / "overlays") as folder:
        (pathlib.Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
        return rendered(folder)


def rendered_as(overlay, kustomization):
    """What an overlay would be with another kustomization.yaml."""
    with tempfile.TemporaryDirectory(prefix=".", dir=HERE / "overlays") as folder:
        shutil.copytree(HERE / "overlays" / overlay, folder, dirs_exist_ok=True)
        (pathlib.Path(folder) / "kustomization.yaml").write_text(kustomization)
        return rendered(folder)


def every_overlay():
    """The overlays by name; their other sizes as `overlay/size`, and components that no overlay has as `cluster/component`."""
    overlays = sorted(path.name for path in (HERE / "overlays").iterdir() if not path.name.startswith("."))
    result = {overlay: rendered(f"overlays/{overlay}") for overlay in overlays}
    for overlay in overlays:
        text = (HERE / "overlays" / overlay / "kustomization.yaml").read_text()
        for size in sorted(path.parent.name for path in (HERE / "overlays" / overlay).glob("sizes/*/kustomization.yaml")):
            if f"- sizes/{size}\n" not in text:
                result[f"{overlay}/{size}"] = rendered_as(overlay, re.sub(r"- sizes/\S+", f"- sizes/{size}", text))
    used = " ".join(path.read_text() for path in (HERE / "overlays").rglob("kustomization.yaml"))
    for component in sorted(path.name for path in (HERE / "components").iterdir()):
        if f"components/{component}\n" not in used:
            parts = {"namespace": "frontdoor", "resources": ["../cluster"], "components": [f"../../components/{component}"]}
            result[f"cluster/{component}"] = rendered_with(parts)
    return result


def allowed_network(overlay, what):
    """What NETWORK says of the overlay and of those that it builds on."""
    below = overlay.rpartition("/")[0] or {"local": None, "cluster": "local"}.get(overlay, "cluster")
    return NETWORK.get(overlay, {}).get(what, set()) | (allowed_network(below, what) if below else set())


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
        cls.overlays = every_overlay()

    def each(self, kind=None):
        """All documents of all overlays, or those of a kind."""
        return [document for documents in self.overlays.values() for document in (documents if kind is None else of_kind(documents, kind))]

    def test_kubernetes_knows_every_field(self):
        """Also finds a group for which there is no definition at all."""
        known, others = 0, definitions()
        for document in distinct(self.each()):
            if group(document) not in others and group(document) != "kafka.strimzi.io":
                with self.subTest(name(document)):
                    for version in VERSIONS:
                        kubernetes_validate.validate(document, version, strict=True)
                        known += 1
        self.assertGreater(known, 50)

    def test_the_operators_know_every_field(self):
        seen = set()
        for document in distinct(self.each()):
            if group(document) in definitions():
                with self.subTest(name(document)):
                    schema = definition(document["apiVersion"], document["kind"])
                    self.assertEqual(errors(schema, document), [])
                    misspelled = copy.deepcopy(document)
                    misspelled["spec"]["mispelled"] = 1
                    self.assertRegex(errors(schema, misspelled)[0], "mispelled")
                    seen.add(group(document))
        self.assertGreaterEqual(seen, {"postgresql.cnpg.io", "monitoring.coreos.com"})

    def test_strimzi_knows_every_field(self):
        documents = distinct([document for document in self.each() if group(document) == "kafka.strimzi.io"])
        self.assertEqual({document["kind"] for document in documents}, {"Kafka", "KafkaNodePool", "KafkaUser"})
        self.assertEqual(read_by_strimzi(documents), (0, [f"{len(documents)} read"]))

    def test_strimzi_refuses_what_it_does_not_know(self):
        [kafka] = of_kind(self.overlays["cluster"], "Kafka")
        [pool] = of_kind(self.overlays["cluster"], "KafkaNodePool")
        [user, _] = of_kind(self.overlays["cluster"], "KafkaUser")
        wrong = [
            (kafka, ["kafka", "listeners", 0], "prot", 9093, 'listeners.0.prot: Unrecognized field'),
            (kafka, ["kafka", "listeners", 0], "port", "9093", "listeners.0.port: Cannot coerce String"),
            (kafka, ["kafka", "listeners", 0], "name", "Not A Name", "listeners.0.name: does not match"),
            (kafka, ["kafka"], "replicas", 3, "spec.kafka.replicas: version v1 does not have it"),
            (kafka, ["kafka"], "listeners", None, "spec.kafka.listeners: is required"),
            (pool, [], "roles", ["controler"], 'spec.roles.0: the value "controler" is not known'),
            (pool, [], "replicas", -1, "spec.replicas: outside of its limits"),
            (pool, ["template", "pod", "topologySpreadConstraints", 0], "maxSkw", 1, "0.maxSkw: Unrecognized field"),
            (user, ["authorization", "acls", 0], "operation", "Read", "acls.0.operation: version v1 does not have it"),
            (user, ["authorization"], "type", "simpel", "spec.authorization: Could not resolve type id 'simpel'"),
        ]
        documents = []
        for document, path, field, value, _ in wrong:
            documents.append(copy.deepcopy(document))
            place = functools.reduce(lambda at, step: at[step], path, documents[-1]["spec"])
            place.pop(field, None)
            if value is not None:
                place[field] = value
        code, lines = read_by_strimzi(documents)
        self.assertEqual(code, 1)
        self.assertEqual(len(lines), len(wrong) + 1, lines)
        for line, (document, *_, problem) in zip(lines, wrong):
            self.assertTrue(line.startswith(name(document)) and problem in line, line)

    def test_kube_score_finds_nothing_without_a_reason(self):
        applied = set()
        for overlay, documents in self.overlays.items():
            for check, finding in findings(documents):
                finding = f"{overlay}: {finding}"
                reasons = [exception for exception in EXCEPTIONS if exception[0] == check and re.fullmatch(exception[1], finding)]
                with self.subTest(finding, check=check):
                    self.assertTrue(reasons, "mend it, or say in EXCEPTIONS why it is good")
                applied |= set(reasons)
        self.assertEqual(set(EXCEPTIONS) - applied, set(), "an exception that applies to nothing")

    def test_kube_score_finds_what_is_wrong(self):
        documents = copy.deepcopy(self.overlays["cluster"])
        before = set(findings(documents))
        for document in of_kind(documents, "Deployment"):
            container(document)["image"] = "frontdoor:latest"
        documents = [document for document in documents if document["kind"] != "PodDisruptionBudget"]
        self.assertEqual({check for check, _ in set(findings(documents)) - before}, {"container-image-tag", "deployment-has-poddisruptionbudget"})

    def test_images_are_of_this_release(self):
        release = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]
        for document in self.each("Deployment") + self.each("Job"):
            if container(document)["name"] == "frontdoor":
                self.assertRegex(container(document)["image"], rf"(^|/)frontdoor:{re.escape(release)}$", name(document))

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
            for variable in container(document)["env"] if is_role(document) else []:
                self.assertIn(variable["name"], self.settings)

    def test_each_role_has_a_deployment(self):
        for overlay, documents in self.overlays.items():
            with self.subTest(overlay):
                deployed = {}
                for document in filter(is_role, of_kind(documents, "Deployment")):
                    roles = [variable["value"] for variable in container(document)["env"] if variable["name"] == "FRONTDOOR_ROLES"]
                    deployed[document["metadata"]["name"].removeprefix("frontdoor-")] = roles[0].split(",")
                self.assertEqual(deployed, ROLES)

    def test_pods_are_restricted_and_end_in_time(self):
        for kind in ["Deployment", "Job", "StatefulSet"]:
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
                self.assertLessEqual({"cpu", "memory"}, set(of_pod["resources"]["requests"]))
        for documents in self.overlays.values():
            self.assertEqual(len(of_kind(documents, "Job")), 1)
        for document in filter(is_role, self.each("Deployment")):
            pod = document["spec"]["template"]["spec"]
            pause = container(document)["lifecycle"]["preStop"]["sleep"]["seconds"]
            # SIGTERM ends the process within ten seconds (README).
            self.assertGreaterEqual(pod["terminationGracePeriodSeconds"], pause + 10 + 5)

    def test_the_databases_have_a_connection_for_every_pod_that_there_may_be(self):
        """The most that a pod opens: for each of two logs 4 readers and a writer, 4 of policies; 10 for views, 5 for sign-ins, a
        listener. A rolling update has a pod more; CloudNativePG has some of its own."""
        for overlay, documents in self.overlays.items():
            roles = {role: document for document in of_kind(documents, "Deployment") if (role := short(document)) in ROLES}
            pods = {role: document["spec"].get("replicas") for role, document in roles.items()}
            pods |= {short(document): document["spec"]["maxReplicas"] for document in of_kind(documents, "HorizontalPodAutoscaler")}
            pods |= {short(document): document["spec"]["maxReplicaCount"] for document in of_kind(documents, "ScaledObject")}
            opened = {"log": sum((count + 1) * 14 for count in pods.values()),
                      "views": sum((pods[role] + 1) * 16 for role in ["projections", "query"])}
            for cluster in of_kind(documents, "Cluster"):
                with self.subTest(overlay=overlay, cluster=name(cluster)):
                    most = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
                    self.assertLess(opened[cluster["metadata"]["name"]] + 30, most)

    def test_probes_and_ports_name_each_other(self):
        for document in filter(is_role, self.each("Deployment")):
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
            for document in [*filter(is_role, of_kind(documents, "Deployment")), *of_kind(documents, "Job")]:
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
        for overlay, documents in self.overlays.items():
            with self.subTest(overlay):
                self.assertEqual(connections(documents), allowed_network(overlay, "pods"))

    def test_the_world_outside_reaches_and_is_reached_only_so(self):
        for overlay, documents in self.overlays.items():
            with self.subTest(overlay):
                found = set()
                pods = labels_of_pods(documents)
                for policy in of_kind(documents, "NetworkPolicy"):
                    for way, key in [("Ingress", "from"), ("Egress", "to")]:
                        for rule in policy["spec"].get(way.lower(), []):
                            for peer in rule[key]:
                                ends = [pod for pod, labels in pods.items() if selects(policy["spec"]["podSelector"], labels)]
                                found |= {(end, way, outside(peer)) for end in ends if outside(peer)}
                self.assertEqual(found, allowed_network(overlay, "outside"))

    def groups_of_rules(self):
        """Of an overlay that has all components with alerts."""
        return [group for rules in of_kind(self.overlays["aks"], "PrometheusRule") for group in rules["spec"]["groups"]]

    def test_who_writes_backups_may_read_where_to(self):
        for overlay, documents in self.overlays.items():
            bound = {(subject["name"], binding["roleRef"]["name"]) for binding in of_kind(documents, "RoleBinding") for subject in binding["subjects"]}
            roles = {role["metadata"]["name"]: role["rules"] for role in of_kind(documents, "Role")}
            for cluster in of_kind(documents, "Cluster"):
                account = cluster["spec"].get("serviceAccountName")
                # Otherwise it is the account that CloudNativePG makes, to which the plugin gives the rights.
                if account and cluster["spec"].get("plugins"):
                    with self.subTest(overlay=overlay, cluster=name(cluster)):
                        rules = [rule for subject, role in bound if subject == account for rule in roles[role]]
                        rights = {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}
                        self.assertLessEqual({("objectstores", "get"), ("objectstores", "watch"), ("objectstores/status", "update")}, rights)

    def test_every_alert_has_a_page_and_asks_for_metrics_that_exist(self):
        sources = [path.read_text() for folder in ["events", "command-side", "projections", "query-side", "deploy"]
                   for path in (ROOT / folder).rglob("*.rs") if "target" not in path.parts]
        metrics = {found for text in sources for found in re.findall(r'metrics::(?:gauge|counter|histogram)!\(\s*"([a-z_]+)"', text)}
        self.assertGreater(len(metrics), 30)
        rules = [rule for group in self.groups_of_rules() for rule in group["rules"]]
        alerts = [rule for rule in rules if "alert" in rule]
        metrics |= {rule["record"] for rule in rules if "record" in rule}
        words = {"sum", "max", "by", "on", "unless", "or", "and", "bool", "up", "job", "role", "log", "name", "policy", "pod", "status", "le", "ignoring", "value"}
        for rule in rules:
            with self.subTest(rule.get("alert") or rule["record"]):
                if "alert" in rule:
                    page = ROOT / rule["annotations"]["runbook"]
                    self.assertTrue(page.is_file(), page)
                of_databases = rule["expr"].count('{job="log"')
                self.assertEqual(rule["expr"].count("{"), of_databases or rule["expr"].count('{job="frontdoor"'), "no other program's metrics")
                expression = re.sub(r'"[^"]*"|\[[0-9a-z]+\]', "", rule["expr"])
                # A word before a parenthesis is a function.
                asked = set(re.findall(r"\b[a-z_:]{2,}\b(?! ?\()", expression)) - words
                asked = {re.sub(r"_seconds_(count|bucket|sum)$", "_seconds", metric) for metric in asked}
                self.assertLessEqual(asked, OF_DATABASES if of_databases else metrics)
        pages = {path.stem for path in (RUNBOOKS / "alerts").glob("*.md")}
        self.assertEqual(pages, {rule["alert"] for rule in alerts})

    def test_alerts_fire_when_they_should(self):
        groups = self.groups_of_rules()
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "alerts.yaml").write_text(yaml.safe_dump({"groups": groups}))
            tests = yaml.safe_load((HERE / "alerts.test.yaml").read_text())["tests"]
            # Cases of many hours have their rules evaluated less often than others, because they took most of the time.
            short = [case for case in tests if all(minutes(test["eval_time"]) <= 120 for test in case["alert_rule_test"])]
            long = [case for case in tests if case not in short]
            for name, cases, interval in [("short.yaml", short, "1m"), ("long.yaml", long, "5m")]:
                file = {"rule_files": ["alerts.yaml"], "evaluation_interval": interval, "tests": cases}
                (folder / name).write_text(yaml.safe_dump(file))
            for command in [["check", "rules", "alerts.yaml"], ["test", "rules", "short.yaml"], ["test", "rules", "long.yaml"]]:
                done = subprocess.run([PROMTOOL, *command], cwd=folder, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        fires, is_silent = ({test["alertname"] for case in tests for test in case["alert_rule_test"] if bool(test["exp_alerts"]) is wanted}
                            for wanted in [True, False])
        alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
        self.assertEqual(fires, alerts, "each alert is seen to fire")
        self.assertEqual(is_silent, alerts, "each alert is seen to be silent")

    def test_the_runbooks_patch_renames_the_migration(self):
        [block] = re.findall(r"```yaml\n(.*?)```", (RUNBOOKS / "upgrade.md").read_text(), re.S)
        [job] = of_kind(rendered_with({"resources": ["../cluster"], **yaml.safe_load(block)}), "Job")
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
            for secret in re.findall(r'"(?:secret|passwordSecret)": {"name": "([^"]+)"', json.dumps(document)):
                self.assertIn(secret, made)
        # A vault makes the same ones.
        for document in self.each("SecretProviderClass"):
            of_vault = {secret["secretName"]: {data["key"] for data in secret["data"]} for secret in document["spec"]["secretObjects"]}
            self.assertEqual(of_vault, {secret: set(content["stringData"]) for secret, content in made.items()})


def container(document):
    [only] = document["spec"]["template"]["spec"]["containers"]
    return only


def short(document):
    return document["metadata"]["name"].removeprefix("frontdoor-")


def is_role(document):
    return short(document) in ROLES


def group(document):
    """Empty for the first kinds of Kubernetes: Service, ConfigMap."""
    return document["apiVersion"].rpartition("/")[0]


def minutes(time):
    """Of a time such as `90m` or `12h`."""
    return int(time[:-1]) * {"m": 1, "h": 60}[time[-1]]


def distinct(documents):
    """Each document once: overlays have most of them in common."""
    return list({json.dumps(document, sort_keys=True, default=str): document for document in documents}.values())


@functools.cache
def definitions():
    """The files of the definitions by group and kind. They are big, so only those that are needed are read as YAML."""
    files = {}
    for file in CRDS.glob("*/*.yaml"):
        text = file.read_text()
        if re.search(r"^kind: CustomResourceDefinition$", text, re.M):
            files.setdefault(re.search(r"^  group: (\S+)$", text, re.M)[1], {})[re.search(r"^    kind: (\S+)$", text, re.M)[1]] = file
    return files


@functools.cache
def definition(version, kind):
    """The schema of a kind, in a version that is served."""
    file = definitions()[version.partition("/")[0]][kind]
    [served] = [one for one in yaml.load(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))["spec"]["versions"]
                if one["name"] == version.partition("/")[2] and one["served"]]
    schema = closed(served["schema"]["openAPIV3Schema"])
    schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
    return jsonschema.Draft4Validator(schema)


def errors(schema, document):
    return [f"{error.json_path}: {error.message}" for error in schema.iter_errors(document)]


def read_by_strimzi(documents):
    """The exit code, and the lines: a problem each, then how many were read."""
    done = subprocess.run(["java", "-cp", STRIMZI, "io.strimzi.crdgenerator.annotations.StrimziModel"],
                          input=json.dumps(documents), capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines() or [done.stderr]


def findings(documents):
    """What kube-score finds: its check, and `Kind name: what`."""
    done = subprocess.run([KUBE_SCORE, "score", "--kubernetes-version", f"v{VERSIONS[0]}", "--output-format", "json",
                           "--enable-optional-test", "container-seccomp-profile", "--enable-optional-test", "container-ports-check", "-"],
                          input=yaml.safe_dump_all(documents), capture_output=True, text=True)
    scored = json.loads(done.stdout)
    seen = {(one["type_meta"]["kind"], one["object_meta"]["name"]) for one in scored}
    for document in documents:
        if document["kind"] in ["Deployment", "Job", "StatefulSet", "Service", "NetworkPolicy"]:
            assert (document["kind"], document["metadata"]["name"]) in seen, f"kube-score did not read {name(document)}"
    return [(check["check"]["id"], f"{one['type_meta']['kind']} {one['object_meta']['name']}: {comment['summary']}")
            for one in scored for check in one["checks"] if not check["skipped"] and check["grade"] < 10 for comment in check["comments"]]


def closed(schema):
    """The schema, which refuses fields that it does not name, as `kubectl apply` with strict validation does."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {key: closed(value) for key, value in schema["properties"].items()}
    for key in ["items", "additionalProperties"]:
        if isinstance(schema.get(key), dict):
            result[key] = closed(schema[key])
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
    if schema.get("nullable") and "type" in result:
        result["type"] = [result["type"], "null"]
    if schema.get("type") == "object" and "additionalProperties" not in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result["additionalProperties"] = False
    return result


def labels_of_pods(documents):
    pods = {}
    for document in of_kind(documents, "Deployment") + of_kind(documents, "Job") + of_kind(documents, "StatefulSet"):
        pods[short(document)] = document["spec"]["template"]["metadata"]["labels"]
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
