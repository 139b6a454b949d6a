"""Checks of the dashboard, the OpenTelemetry Collector's configuration and compose.yaml, without a cluster and without a container engine:
`make test-manifests` runs them after check.py.

A query for a metric that does not exist, or a setting that the binary does not know, is silence and not an error. So they are compared with
the sources and with the binary.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
COMPOSE = ROOT / "deploy" / "compose"
OBSERVABILITY = HERE / "components" / "observability"
COLLECTOR = HERE / "components" / "opentelemetry"
KUSTOMIZE = os.environ["KUSTOMIZE"]
PROMTOOL = os.environ["PROMTOOL"]
FRONTDOOR = pathlib.Path(os.environ["FRONTDOOR"]).resolve()
# compose-go's own program, which reads the file as `docker compose config` does.
COMPOSE_SPEC = os.environ["COMPOSE_SPEC"]
ROLES = {"command": "command", "relay": "relay", "policies": "policies", "projections": "projections", "query": "query,pages"}
# The exit code for a wrong configuration.
MISCONFIGURED = 64

# Labels that a scrape adds to every metric.
OF_A_SCRAPE = {"job", "role", "pod", "instance", "namespace"}
# Metrics that a scrape makes itself.
MADE_BY_PROMETHEUS = {"up": set(), "scrape_duration_seconds": set()}
OPERATORS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool"}
# What Grafana puts in place of its variables.
GRAFANA = {"$__rate_interval": "5m", "$__range": "6h", "$__interval": "1m"}
# The panels that Grafana has without a plugin and that are used here.
CORE_PANELS = {"row", "stat", "timeseries"}
# Its units that are used here.
UNITS = {"percentunit", "none", "short", "reqps", "ops", "wps", "cps", "s", "ms", "bytes"}


def metrics_of_the_sources():
    """The metrics of the binary by their names in a query, each with its labels. Those of unit tests do not count."""
    found = {}
    for folder in ["events", "command-side", "projections", "query-side", "deploy"]:
        for path in (ROOT / folder).rglob("*.rs"):
            if {"target", "tests", "bench", "peers", "local"} & set(path.relative_to(ROOT).parts):
                continue
            text = re.split(r"\n#\[cfg\(test\)\]\nmod ", path.read_text())[0]
            for kind, name, labels in re.findall(r'metrics::(gauge|counter|histogram)!\(\s*"([a-z0-9_]+)"(.*?)\)\s*\.', text, re.S):
                labels = set(re.findall(r'"([a-z_]+)"\s*=>', labels))
                if kind == "histogram":
                    found |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
                else:
                    found[name] = found.get(name, set()) | labels
            # A feed counts under names that it passes on.
            for labels in re.findall(r'metrics::counter!\(name((?:,\s*"[a-z_]+" =>[^,)]*)+)', text):
                for name in re.findall(r'\.count\(\s*"([a-z_]+)"', text):
                    found[name] = set(re.findall(r'"([a-z_]+)"', labels))
    return found


def rules():
    document = yaml.safe_load((OBSERVABILITY / "alerts.yaml").read_text())
    return [rule for group in document["spec"]["groups"] for rule in group["rules"]]


def known_metrics():
    """Those of the sources, of Prometheus, and those that recording rules make, with the labels by which these sum."""
    known = metrics_of_the_sources() | MADE_BY_PROMETHEUS
    for rule in rules():
        if "record" in rule:
            known[rule["record"]] = {label for labels in re.findall(r"\bby \(([^)]*)\)", rule["expr"]) for label in labels.split(", ")}
    return known


def asked(expression):
    """The metrics and the labels that an expression names: pairs of a metric and the labels of its selector, and the labels of `by` and `on`."""
    text = re.sub(r"\[[^\]]*\]", "", expression)
    grouped = {label.strip() for labels in re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", text) for label in labels.split(",")}
    text = re.sub(r"\b(?:by|without|on|ignoring)\s*\([^)]*\)", " ", text)
    selectors = []
    for name, labels in re.findall(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})?(?!\s*\(|[a-zA-Z0-9_:])", re.sub(r'"[^"]*"', '""', text)):
        if name not in OPERATORS:
            selectors.append((name, set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", labels))))
    return selectors, grouped


class Observability(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.known = known_metrics()
        cls.dashboard = json.loads((OBSERVABILITY / "dashboard.json").read_text())
        cls.panels = [panel for panel in cls.dashboard["panels"] if panel["type"] != "row"]

    def exists(self, expression):
        selectors, grouped = asked(expression)
        self.assertTrue(selectors, "it asks for something")
        labels = set(OF_A_SCRAPE)
        for metric, selected in selectors:
            self.assertIn(metric, self.known)
            self.assertLessEqual(selected, self.known[metric] | OF_A_SCRAPE, metric)
            if ":" not in metric:
                self.assertIn("job", selected, f"{metric} of another program would count")
            labels |= self.known[metric]
        self.assertLessEqual(grouped, labels, "the labels exist")
        return labels

    def test_the_sources_were_read(self):
        self.assertGreater(len(self.known), 50)
        self.assertEqual(self.known["http_requests_total"], {"method", "route", "status"})
        self.assertEqual(self.known["command_seconds_bucket"], {"command", "le"})
        self.assertEqual(self.known["feed_reopened_total"], {"log"})
        self.assertNotIn("samples_bucket", self.known, "a unit test's")

    def test_the_dashboard_asks_for_metrics_and_labels_that_exist(self):
        for panel in self.panels:
            for target in panel["targets"]:
                with self.subTest(panel=panel["title"], query=target["refId"]):
                    labels = self.exists(target["expr"])
                    self.assertLessEqual(set(re.findall(r"\{\{([a-z_]+)\}\}", target["legendFormat"])), labels)

    def test_rules_ask_for_metrics_and_labels_that_exist(self):
        for rule in rules():
            with self.subTest(rule.get("alert", rule.get("record"))):
                self.exists(rule["expr"])

    def test_every_query_of_the_dashboard_is_promql(self):
        queries = []
        for number, expression in enumerate(target["expr"] for panel in self.panels for target in panel["targets"]):
            for variable, value in GRAFANA.items():
                expression = expression.replace(variable, value)
            self.assertNotIn("$", expression, "each variable is one of Grafana's")
            queries.append({"record": f"query:{number}", "expr": expression})
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "queries.yaml"
            file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": queries}]}))
            done = subprocess.run([PROMTOOL, "check", "rules", file], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"{len(queries)} rules found", done.stdout)

    def test_every_panel_says_what_it_shows(self):
        self.assertGreater(len(self.panels), 30)
        seen, places = set(), set()
        for panel in self.dashboard["panels"]:
            with self.subTest(panel["title"]):
                self.assertIn(panel["type"], CORE_PANELS)
                self.assertNotIn(panel["id"], seen)
                seen.add(panel["id"])
                place = panel["gridPos"]
                cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
                self.assertFalse(cells & places, "it covers another panel")
                self.assertLessEqual(place["x"] + place["w"], 24)
                places |= cells
                if panel["type"] != "row":
                    self.assertIn(panel["fieldConfig"]["defaults"].get("unit"), UNITS)
                    self.assertRegex(panel["description"], r"^[A-Z0-9`].*\.", "a sentence")
                    self.assertEqual(panel["datasource"]["uid"], "${datasource}")
        alerts = {rule["alert"] for rule in rules() if "alert" in rule}
        for named in re.findall(r"Frontdoor[A-Z][A-Za-z]+", json.dumps(self.dashboard)):
            self.assertIn(named, alerts)

    def test_grafana_finds_the_dashboard(self):
        [found] = [document for document in of_kind(rendered([]), "ConfigMap")
                   if document["metadata"].get("labels", {}).get("grafana_dashboard") == "1"]
        self.assertEqual(json.loads(found["data"]["frontdoor.json"]), self.dashboard)

    def test_the_page_of_the_objectives_names_their_alerts_and_no_other(self):
        [objectives] = [group for group in yaml.safe_load((OBSERVABILITY / "alerts.yaml").read_text())["spec"]["groups"]
                        if group["name"] == "frontdoor-objectives"]
        page = (ROOT / "docs" / "slo.md").read_text()
        named = set(re.findall(r"runbooks/alerts/(\w+)\.md", page))
        self.assertLessEqual({rule["alert"] for rule in objectives["rules"]}, named)
        self.assertLessEqual(named, {rule.get("alert") for rule in rules()})


class Collector(unittest.TestCase):
    """components/opentelemetry, after the other components of `cluster`."""

    @classmethod
    def setUpClass(cls):
        cls.documents = rendered(["../../components/opentelemetry"])
        [cls.deployment] = [document for document in of_kind(cls.documents, "Deployment") if "collector" in document["metadata"]["name"]]
        cls.configuration = yaml.safe_load((COLLECTOR / "config.yaml").read_text())
        cls.plain = rendered([])

    def test_the_roles_are_as_without_it(self):
        others = [document for document in of_kind(self.documents, "Deployment") if document != self.deployment]
        self.assertEqual(others, of_kind(self.plain, "Deployment"))

    def test_it_is_restricted_and_alone(self):
        spec, [container] = self.deployment["spec"], self.deployment["spec"]["template"]["spec"]["containers"]
        self.assertEqual((spec["replicas"], spec["strategy"]), (1, {"type": "Recreate"}), "two would send everything twice")
        pod, of_roles = spec["template"]["spec"], of_kind(self.plain, "Deployment")[0]["spec"]["template"]["spec"]
        self.assertIs(pod["automountServiceAccountToken"], False)
        self.assertIs(pod["enableServiceLinks"], False)
        self.assertEqual(pod["securityContext"], of_roles["securityContext"])
        self.assertEqual(container["securityContext"], of_roles["containers"][0]["securityContext"])
        self.assertRegex(container["image"], r":\d+\.\d+\.\d+$")
        self.assertEqual(container["resources"]["limits"]["memory"], container["resources"]["requests"]["memory"])

    def test_its_configuration_is_complete(self):
        configuration = self.configuration
        for pipeline in configuration["service"]["pipelines"].values():
            for part in ["receivers", "processors", "exporters"]:
                self.assertEqual(set(pipeline[part]), set(configuration[part]), "each part is defined and used")
            self.assertEqual(pipeline["processors"], ["memory_limiter", "batch"], "the limit comes first")
        self.assertEqual(set(configuration["service"]["extensions"]), set(configuration["extensions"]))
        [container] = self.deployment["spec"]["template"]["spec"]["containers"]
        variables = {variable["name"] for variable in container["env"]}
        self.assertLessEqual(set(re.findall(r"\$\{env:(\w+)\}", json.dumps(configuration))), variables)
        limiter = configuration["processors"]["memory_limiter"]
        self.assertLess(limiter["limit_mib"], int(container["resources"]["limits"]["memory"].removesuffix("Mi")) * 2 / 3)
        self.assertIn(configuration["extensions"]["health_check"]["endpoint"].rpartition(":")[2],
                      {str(port["containerPort"]) for port in container["ports"]})

    def test_it_scrapes_the_pods_of_every_role(self):
        [job] = self.configuration["receivers"]["prometheus"]["config"]["scrape_configs"]
        self.assertEqual(job["job_name"], "frontdoor", "the label `job` of alerts and dashboard")
        [names], [label] = [found["names"] for found in job["dns_sd_configs"]], job["relabel_configs"]
        services = {document["metadata"]["name"]: document["spec"] for document in of_kind(self.documents, "Service")}
        roles = set()
        for name in names:
            service = services[name]
            self.assertEqual(service["clusterIP"], "None", "a name for each pod's address")
            self.assertEqual([port["port"] for port in service["ports"]], [job["dns_sd_configs"][0]["port"]])
            role = re.fullmatch(label["regex"], name)[1]
            self.assertEqual(service["selector"], {"app.kubernetes.io/name": "frontdoor", "app.kubernetes.io/component": role})
            roles.add(role)
        self.assertEqual(roles, set(ROLES))
        # The operator's listener refuses names other than its own.
        self.assertEqual([found["type"] for found in job["dns_sd_configs"]], ["A"])

    def test_the_network_allows_its_connections_only(self):
        own = self.deployment["spec"]["template"]["metadata"]["labels"]
        policies = [policy["spec"] for policy in of_kind(self.documents, "NetworkPolicy")]
        [policy] = [policy for policy in policies if policy["podSelector"].get("matchLabels", {"": ""}).items() <= own.items()]
        self.assertEqual(policy["policyTypes"], ["Ingress", "Egress"])
        self.assertNotIn("ingress", policy)
        ports = {str(port["port"]) for rule in policy["egress"] for port in rule["ports"]}
        self.assertEqual(ports, {"53", "operator", "4317"})
        let_in = [policy for policy in policies for rule in policy.get("ingress", [])
                  if rule["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": own["app.kubernetes.io/name"]}}}]]
        self.assertEqual([policy["podSelector"]["matchLabels"] for policy in let_in], [{"app.kubernetes.io/name": "frontdoor"}])

    def test_its_image_is_the_release_that_validates_its_configuration(self):
        [image] = yaml.safe_load((COLLECTOR / "kustomization.yaml").read_text())["images"]
        builder = yaml.safe_load((COLLECTOR / "builder.yaml").read_text())
        self.assertEqual(image["newTag"], builder["dist"]["version"])
        parts = [part["gomod"] for kind in ["receivers", "processors", "exporters", "extensions"] for part in builder[kind]]
        self.assertEqual({part.split(" v")[1] for part in parts}, {image["newTag"]})

    def test_its_scrapes_are_read_by_prometheus(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "prometheus.yaml"
            file.write_text(yaml.safe_dump(self.configuration["receivers"]["prometheus"]["config"]))
            done = subprocess.run([PROMTOOL, "check", "config", file], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.file = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
        cls.services = cls.file["services"]
        help = subprocess.run([FRONTDOOR, "serve", "--help"], capture_output=True, text=True, check=True).stdout
        cls.settings = set(re.findall(r"\[env:\s+(FRONTDOOR_[A-Z_]+)", help))

    def test_it_is_a_compose_file(self):
        done = subprocess.run([COMPOSE_SPEC, ROOT / "deploy" / "compose.yaml"], capture_output=True, text=True, cwd=ROOT / "deploy")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_settings_are_those_of_the_binary(self):
        self.assertGreater(len(self.settings), 15, "the help was read")
        for name, service in self.services.items():
            for setting in service.get("environment", {}):
                if setting.startswith("FRONTDOOR_"):
                    self.assertIn(setting, self.settings, name)

    def test_each_role_has_a_service_whose_settings_the_binary_accepts(self):
        """It ends because nothing answers at the addresses, which are this machine's, and not because of its settings."""
        roles = {name: service["environment"]["FRONTDOOR_ROLES"] for name, service in self.services.items()
                 if "FRONTDOOR_ROLES" in service.get("environment", {})}
        self.assertEqual(roles, ROLES)
        for name in roles:
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                passwords = [mount.split(":")[1] for mount in self.services[name]["volumes"] if mount.startswith("password-")]
                environment = {"HOME": folder, **self.services[name]["environment"], "FRONTDOOR_LISTEN": "127.0.0.1:0", "FRONTDOOR_ADMIN": "127.0.0.1:0",
                               "FRONTDOOR_DATA": folder}
                needed = " ".join(str(value) for value in environment.values())
                self.assertEqual({f"{mounted}/password" for mounted in passwords}, set(re.findall(r"/run/passwords/[a-z]+/password", needed)),
                                 "what the settings name is mounted, and nothing else")
                for mounted in passwords:
                    file = pathlib.Path(folder) / mounted.strip("/").replace("/", "-")
                    file.write_text("a password\n")
                    environment = {key: str(value).replace(f"{mounted}/password", str(file)) for key, value in environment.items()}
                environment = {key: re.sub(r"@postgres/|//kafka:9092", lambda found: "@127.0.0.1:9/" if "@" in found[0] else "//127.0.0.1:9", str(value))
                               for key, value in environment.items()}
                done = subprocess.run([FRONTDOOR, "serve"], env=environment, capture_output=True, text=True, timeout=120)
                self.assertNotIn(done.returncode, [0, MISCONFIGURED], done.stderr)
                self.assertRegex(done.stderr, "(?i)connect|refused|database", "its only trouble")

    def test_containers_are_restricted(self):
        for name, service in self.services.items():
            with self.subTest(name):
                self.assertIs(service["read_only"], True)
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertIn("no-new-privileges:true", service["security_opt"])
                self.assertIn("mem_limit", service)
                self.assertRegex(service["image"], r":v?\d+\.\d+", "a version")
                # The first container gives the volumes to their users. It has no network, and ends.
                if name == "prepare":
                    self.assertEqual((service["cap_add"], service["network_mode"], service["restart"]), (["CHOWN"], "none", "no"))
                else:
                    self.assertNotIn("cap_add", service)
                    self.assertNotEqual(service["user"].split(":")[0], "0")
                for port in service.get("ports", []):
                    self.assertRegex(port, r"^127\.0\.0\.1:", "nobody reaches it from outside of this machine")
        self.assertEqual({name for name, service in self.services.items() if "profiles" in service}, {"prometheus", "grafana"})

    def test_the_network_is_that_of_the_picture(self):
        members = {network: {name for name, service in self.services.items() if network in service.get("networks", [])}
                   for network in self.file["networks"]}
        self.assertEqual(members, {
            "people": {"command", "query", "receiver", "prometheus", "grafana"},
            "databases": {"postgres", "migrate", *ROLES},
            "brokers": {"kafka", "relay", "policies", "projections"},
            "gateways": {"policies", "receiver"},
            "operator": {"prometheus", *ROLES},
        })
        for network, settings in self.file["networks"].items():
            self.assertEqual(bool((settings or {}).get("internal")), network != "people")
        names = {*self.services["query"]["environment"]["FRONTDOOR_PEER_ADMINS"].replace(":8081", "").split(",")}
        self.assertEqual(names, set(ROLES))
        for name in ROLES:
            self.assertEqual(set(self.services[name]["environment"]["FRONTDOOR_ADMIN_HOST"].split(",")), set(ROLES))

    def test_every_file_and_volume_is_there(self):
        for name, service in self.services.items():
            for mount in service.get("volumes", []):
                source, target, *_ = mount.split(":")
                with self.subTest(service=name, mount=target):
                    if source.startswith("."):
                        self.assertTrue((ROOT / "deploy" / source).is_file())
                    else:
                        self.assertIn(source, self.file["volumes"])
            for other in service.get("depends_on", {}):
                self.assertIn(other, self.services)

    def test_commands_are_those_of_the_binary(self):
        for name in ["migrate", "receiver"]:
            command, *arguments = self.services[name]["command"]
            text = subprocess.run([FRONTDOOR, command, "--help"], capture_output=True, text=True, check=True).stdout
            for flag in [argument for argument in arguments if argument.startswith("--")]:
                self.assertIn(flag + " ", text, name)
        for name in ROLES:
            _, binary, command, flag, address = self.services[name]["healthcheck"]["test"]
            text = subprocess.run([FRONTDOOR, command, "--help"], capture_output=True, text=True, check=True).stdout
            self.assertIn(flag + " ", text)
            self.assertEqual(binary, "/frontdoor")
            self.assertEqual(address.rpartition(":")[2], self.services[name]["environment"]["FRONTDOOR_ADMIN"].rpartition(":")[2])

    def test_the_image_is_the_manifests_one(self):
        [image] = yaml.safe_load((HERE / "base" / "kustomization.yaml").read_text())["images"]
        for name in [*ROLES, "migrate", "receiver"]:
            self.assertEqual(self.services[name]["image"], f"{image['name']}:{image['newTag']}")

    def test_kafka_is_the_one_of_the_tests(self):
        pom = (ROOT / "deploy" / "local" / "kafka" / "pom.xml").read_text()
        self.assertIn(f"<version>{self.services['kafka']['image'].partition(':')[2]}</version>", pom)

    def test_prometheus_reads_its_configuration_and_the_manifests_alerts(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            # The line of prepare.sh that makes the file, on the files of this repository.
            [line] = [line for line in (COMPOSE / "prepare.sh").read_text().splitlines() if "/alerts.yaml >/rules/" in line]
            line = line.replace("/alerts.yaml >/rules/", f"'{OBSERVABILITY / 'alerts.yaml'}' >'{folder}'/")
            subprocess.run(["bash", "-euo", "pipefail", "-c", line], check=True)
            made = yaml.safe_load((folder / "alerts.yaml").read_text())
            self.assertEqual(made, yaml.safe_load((OBSERVABILITY / "alerts.yaml").read_text())["spec"])
            configuration = yaml.safe_load((COMPOSE / "prometheus.yaml").read_text())
            self.assertEqual(configuration["rule_files"], ["/etc/prometheus/rules/alerts.yaml"])
            configuration["rule_files"] = [str(folder / "alerts.yaml")]
            (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
            done = subprocess.run([PROMTOOL, "check", "config", folder / "prometheus.yaml"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        [job] = configuration["scrape_configs"]
        self.assertEqual(job["job_name"], "frontdoor")
        self.assertEqual(set(job["static_configs"][0]["targets"]), {f"{role}:8081" for role in ROLES})
        self.assertLessEqual({"role", "pod"}, {label["target_label"] for label in job["relabel_configs"]})

    def test_grafana_gets_the_manifests_dashboard(self):
        source = yaml.safe_load((COMPOSE / "grafana-source.yaml").read_text())["datasources"][0]
        self.assertEqual((source["type"], source["url"]), ("prometheus", "http://prometheus:9090"))
        mounts = dict(mount.split(":")[:2][::-1] for mount in self.services["grafana"]["volumes"])
        folder = yaml.safe_load((COMPOSE / "grafana-dashboards.yaml").read_text())["providers"][0]["options"]["path"]
        self.assertEqual(mounts[f"{folder}/frontdoor.json"], "./kubernetes/components/observability/dashboard.json")
        self.assertEqual(self.services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"], f"{folder}/frontdoor.json")

    def test_scripts_are_bash(self):
        for script in COMPOSE.glob("*.sh"):
            subprocess.run(["bash", "-n", script], check=True)


def of_kind(documents, kind):
    return [document for document in documents if document["kind"] == kind]


def rendered(components):
    """The overlay `cluster` with these components after its own."""
    with tempfile.TemporaryDirectory(prefix=".", dir=HERE / "overlays") as folder:
        overlay = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": ["../cluster"]}
        (pathlib.Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(overlay | {"components": components}))
        done = subprocess.run([KUSTOMIZE, "build", folder], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{components} cannot be rendered: {done.stderr}")
    return list(yaml.safe_load_all(done.stdout))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
