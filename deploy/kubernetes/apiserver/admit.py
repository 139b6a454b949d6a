"""Gives every overlay, in every size, to a real API server of Kubernetes, with the definitions of the operators' resources: `make test-admission`.

The server is alone with its etcd: no controller makes Pods of Deployments. So the Pods that controllers would make are given to it as
well, and it admits them in the namespace, which enforces the Pod Security Standard `restricted`.
"""

import json
import os
import pathlib
import re
import secrets
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import yaml

HERE = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(HERE))
from check import every_overlay  # noqa: E402
PROGRAMS = pathlib.Path(os.environ["APISERVER"])
CRDS = pathlib.Path(os.environ["CRDS"])
# The time limit in seconds for the server to start and for a definition to be served.
STARTED_WITHIN = 120


class Refused(Exception):
    pass


class Server:
    """etcd and the API server, on ports of the loopback interface, with all data in a folder."""

    def __init__(self, folder):
        self.folder, self.token = pathlib.Path(folder), secrets.token_hex(16)
        self.kinds = {}
        client, peer, self.port = free_ports(3)
        subprocess.run(["openssl", "genrsa", "-out", self.folder / "accounts.key", "2048"], check=True, capture_output=True)
        (self.folder / "tokens.csv").write_text(f'{self.token},test,test,"system:masters"\n')
        etcd = {"data-dir": self.folder / "etcd", "listen-client-urls": f"http://127.0.0.1:{client}", "advertise-client-urls": f"http://127.0.0.1:{client}",
                "listen-peer-urls": f"http://127.0.0.1:{peer}", "initial-advertise-peer-urls": f"http://127.0.0.1:{peer}",
                "initial-cluster": f"default=http://127.0.0.1:{peer}", "unsafe-no-fsync": "true"}
        apiserver = {"etcd-servers": f"http://127.0.0.1:{client}", "bind-address": "127.0.0.1", "secure-port": self.port,
                     "cert-dir": self.folder / "certificates", "token-auth-file": self.folder / "tokens.csv", "authorization-mode": "RBAC",
                     "service-account-issuer": "https://localhost", "service-account-key-file": self.folder / "accounts.key",
                     "service-account-signing-key-file": self.folder / "accounts.key", "service-cluster-ip-range": "10.0.0.0/16"}
        self.processes = [self.start("etcd", etcd), self.start("kube-apiserver", apiserver)]
        try:
            self.wait("the API server is ready", lambda: self.ask("GET", "/readyz"))
        except BaseException:
            self.end()
            raise

    def start(self, program, options):
        with open(self.folder / f"{program}.log", "wb") as output:
            arguments = [f"--{name}={value}" for name, value in options.items()]
            return subprocess.Popen([PROGRAMS / program, *arguments], stdout=output, stderr=subprocess.STDOUT)

    def end(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def wait(self, what, holds):
        deadline = time.monotonic() + STARTED_WITHIN
        while True:
            try:
                return holds()
            except (OSError, Refused, KeyError) as error:
                if time.monotonic() > deadline or any(process.poll() is not None for process in self.processes):
                    log = (self.folder / "kube-apiserver.log").read_text(errors="replace")[-3000:]
                    raise AssertionError(f"not in time: {what}: {error}\n{log}") from error
                time.sleep(0.2)

    def ask(self, method, path, body=None, kind="application/json"):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", data=data, headers=headers, method=method)
        # The server made its certificate itself a moment ago, in a folder that only this process knows.
        try:
            with urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=60) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            said = error.read().decode()
            raise Refused(json.loads(said)["message"] if said.startswith("{") else said) from error
        return json.loads(text) if text.startswith("{") else text

    def collection(self, document):
        """The path of a document's resource type, by what the server serves."""
        version, kind = document["apiVersion"], document["kind"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, kind) not in self.kinds:
            resources = self.ask("GET", root)["resources"]
            self.kinds[version, kind] = next((one for one in resources if one["kind"] == kind and "/" not in one["name"]), None)
        resource = self.kinds[version, kind]
        if resource is None:
            del self.kinds[version, kind]
            raise KeyError(f"{kind} is not served")
        namespace = f"/namespaces/{document['metadata']['namespace']}" if resource["namespaced"] else ""
        return f"{root}{namespace}/{resource['name']}"

    def apply(self, document, dry_run=False):
        """As `kubectl apply --server-side --validate=strict`: unknown and repeated fields are refused."""
        options = "?fieldManager=test&force=true&fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        path = f"{self.collection(document)}/{document['metadata']['name']}{options}"
        return self.ask("PATCH", path, document, "application/apply-patch+yaml")

    def remove(self, document):
        self.ask("DELETE", f"{self.collection(document)}/{document['metadata']['name']}?propagationPolicy=Background")

    def define(self, definition):
        self.apply(definition)
        version = next(version["name"] for version in definition["spec"]["versions"] if version["served"])
        example = {"apiVersion": f"{definition['spec']['group']}/{version}", "kind": definition["spec"]["names"]["kind"], "metadata": {"namespace": "default"}}
        self.wait(f"{example['kind']} is served", lambda: self.collection(example))


class Admission(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="frontdoor-apiserver-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.server = Server(cls.folder.name)
        cls.addClassCleanup(cls.server.end)
        cls.overlays = every_overlay()
        used = {(document["apiVersion"].partition("/")[0], document["kind"]) for documents in cls.overlays.values() for document in documents}
        known = definitions()
        for group, kind in sorted(used):
            if (group, kind) in known:
                cls.server.define(yaml.load(known[group, kind].read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
            elif group.endswith("strimzi.io"):
                cls.server.define(any_object(group, kind))

    def test_every_document_is_accepted_and_every_pod_is_admitted(self):
        for overlay, documents in self.overlays.items():
            with self.subTest(overlay):
                # The order of `kubectl apply --kustomize`: namespaces first, and what others name before them.
                first = ["Namespace", "ServiceAccount", "StorageClass", "PriorityClass"]
                documents, applied = sorted(documents, key=lambda document: document["kind"] not in first), []
                try:
                    for document in documents:
                        self.server.apply(document)
                        applied.append(document)
                    self.admit_pods(documents)
                finally:
                    # The next overlay begins with an empty namespace. To end a namespace, there would have to be a controller.
                    for document in applied:
                        if document["kind"] != "Namespace":
                            self.server.remove(document)

    def admit_pods(self, documents):
        namespaces = {document["metadata"]["name"]: document["metadata"]["labels"] for document in documents if document["kind"] == "Namespace"}
        pods = [document for document in documents if document["kind"] in ["Deployment", "Job", "StatefulSet"]]
        self.assertGreater(len(pods), 5)
        # A controller would make this one with the namespace.
        for namespace in namespaces:
            self.server.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace}})
        for document in pods:
            self.server.apply(pod_of(document), dry_run=True)
            self.assertEqual(namespaces[document["metadata"]["namespace"]]["pod-security.kubernetes.io/enforce"], "restricted")

    def test_what_is_wrong_is_refused(self):
        documents = self.overlays["local"]
        for document in documents:
            if document["kind"] in ["Namespace", "ServiceAccount"]:
                self.server.apply(document)
        deployment = next(document for document in documents if document["kind"] == "Deployment")
        privileged = json.loads(json.dumps(pod_of(deployment)))
        privileged["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
        with self.assertRaisesRegex(Refused, 'violates PodSecurity "restricted'):
            self.server.apply(privileged, dry_run=True)
        misspelt = json.loads(json.dumps(deployment))
        misspelt["spec"]["replica"] = 3
        with self.assertRaisesRegex(Refused, "replica"):
            self.server.apply(misspelt, dry_run=True)
        cluster = json.loads(json.dumps(next(document for document in documents if document["kind"] == "Cluster")))
        cluster["spec"]["instances"] = "one"
        with self.assertRaisesRegex(Refused, "spec.instances"):
            self.server.apply(cluster, dry_run=True)


def definitions():
    """The files of the definitions by group and kind. They are big, so only those that are needed are read as YAML."""
    files = {}
    for file in sorted(CRDS.glob("*/*.yaml")):
        text = file.read_text()
        if re.search(r"^kind: CustomResourceDefinition$", text, re.M):
            files[re.search(r"^  group: (\S+)$", text, re.M)[1], re.search(r"^    kind: (\S+)$", text, re.M)[1]] = file
    return files


def pod_of(document):
    """The Pod that the controller of a Deployment or of a Job would make."""
    template = document["spec"]["template"]
    metadata = {"name": document["metadata"]["name"], "namespace": document["metadata"]["namespace"], "labels": template["metadata"]["labels"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def any_object(group, kind):
    """A definition that allows every field, for resources that `check.py` compares with Strimzi's own classes."""
    plural = kind.lower() + "s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}}


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


if __name__ == "__main__":
    unittest.main()
