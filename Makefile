# Everything that is done with this repository. Each target installs what it lacks; nothing is put outside the clone
# but Debian packages and the tools' cache.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

DENY_VERSION := 0.20.2
TOOLS := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/frontdoor/tools
DENY := $(TOOLS)/cargo-deny-$(DENY_VERSION)/bin/cargo-deny
# As in deploy/local/kafka/pom.xml and deploy/local/src/kafka.rs.
KAFKA_VERSION := 4.1.1
KAFKA := $(TOOLS)/kafka-$(KAFKA_VERSION)
KAFKA_PYTHON_VERSION := 3.0.12
ZSTANDARD_VERSION := 0.25.0
PYTHON := $(TOOLS)/kafka-python-$(KAFKA_PYTHON_VERSION)
# As in deploy/passes/requirements.txt and deploy/frontdoor/tests/foreign_pass.rs.
PASS_VERIFIER_VERSION := cwt-3.3.0
PASS_VERIFIER_FOLDER := $(TOOLS)/pass-verifier-$(PASS_VERIFIER_VERSION)
ASYNCAPI_VERSION := 4.1.1
ASYNCAPI := $(TOOLS)/asyncapi-cli-$(ASYNCAPI_VERSION)
SCHEMATHESIS_VERSION := 4.32.5
OPENAPI_GENERATOR_VERSION := 7.26.0
OPENAPI_PYTHON_VERSION := 0.29.1
OPENAPI_GO_VERSION := v2.8.2
OPENAPI_TS_VERSION := 0.95.0
KUSTOMIZE_VERSION := v5.7.1
KUBERNETES_VALIDATE_VERSION := 1.37.0
KUBE_SCORE_VERSION := v1.20.0
# A reader of compose.yaml. Its program is called `cmd`.
COMPOSE_GO_VERSION := v2.16.2
# What others define in a cluster: a name, the Go module that has the definitions, and the folder in it.
DEFINITIONS := \
  cloudnative-pg,github.com/cloudnative-pg/cloudnative-pg@v1.30.0,config/crd/bases \
  barman-cloud,github.com/cloudnative-pg/plugin-barman-cloud@v0.15.0,config/crd/bases \
  prometheus-operator,github.com/prometheus-operator/prometheus-operator@v0.85.0,example/prometheus-operator-crd \
  keda,github.com/kedacore/keda/v2@v2.18.0,config/crd/bases \
  cert-manager,github.com/cert-manager/cert-manager@v1.19.1,deploy/crds \
  gateway-api,sigs.k8s.io/gateway-api@v1.4.0,config/crd/standard
# Another folder when one of these changes. The version of Strimzi's classes is in the pom.xml.
MANIFESTS := $(TOOLS)/manifests-$(shell { echo '$(KUSTOMIZE_VERSION) $(KUBERNETES_VALIDATE_VERSION) $(KUBE_SCORE_VERSION) $(COMPOSE_GO_VERSION) $(DEFINITIONS)'; \
  cat deploy/kubernetes/definitions/*.yaml deploy/kubernetes/strimzi/pom.xml; } | sha256sum | cut -c 1-16)
KUBERNETES_VERSION := v1.34.1
ETCD_VERSION := v3.6.5
OPENAPI := $(TOOLS)/openapi-$(SCHEMATHESIS_VERSION)-$(OPENAPI_GENERATOR_VERSION)-$(OPENAPI_PYTHON_VERSION)-$(OPENAPI_GO_VERSION)-$(OPENAPI_TS_VERSION)

# Where the demonstration keeps its data; `make run DEMO=some/folder` keeps it elsewhere.
DEMO := target/demo
LISTEN := 127.0.0.1:8080
ADMIN := 127.0.0.1:8081
# Where gateways deliver to in the demonstration; its page shows what arrived.
RECEIVER := 127.0.0.1:8082
GATEWAYS = push=http://$(RECEIVER)/push,sms=http://$(RECEIVER)/sms,email=http://$(RECEIVER)/email,pharmacy=http://$(RECEIVER)/pharmacy
# `make run LATER=11` runs the demonstration as if it were eleven days later.
LATER :=
NAME :=
KILLS := 200
# 1: the connections to one server after the other go silent, too.
SILENCE := 1
# Where `make up` keeps its files.
LOCAL := target/local

# The programs that do what cqrs-es, esrs and Axon 4 do, for the benchmarks `peers-...`.
PEERS := target/peers/release/peers
AXON := target/axon/jars
AXON_JAR := $(AXON)/axon-peer-0.1.0.jar
BENCH = cargo run --release --locked --package bench --
WITH_PEERS = --peers '$(PEERS)' --axon '$(AXON)'

.PHONY: help run faketime up down static image image-test test test-build test-needs test-programs test-systems test-pages test-deployment test-manifests test-licences test-pods test-admission test-collector test-upgrade styles browser screenshots chaos umoci bench bench-peers peers axon compilers postgres kafka passes java jdk go node asyncapi openapi

help:
	@echo 'make run          the demonstration on http://$(LISTEN) (a release build; data in $(DEMO))'
	@echo 'make up           the whole system as processes: PostgreSQL, Kafka, two of each role; make down ends it'
	@echo 'make test         format, lints, every test, journeys in a browser, licences'
	@echo 'make image        the container image, without a container engine (target/image); make image-test tries it'
	@echo 'make styles       the style sheet of the pages, which a build needs (from npm)'
	@echo 'make screenshots  the pictures of the README, from the pages as they are'
	@echo 'make asyncapi     whether the events'"'"' description for Kafka is valid, by AsyncAPI'"'"'s own tool (1.5 GB, from npm)'
	@echo 'make openapi      whether the API does what /openapi.json says, by schemathesis, and whether clients made from it in'
	@echo '                  Go, TypeScript and Python compile (6 minutes; 600 MB from PyPI, npm and the Go proxy)'
	@echo 'make test-upgrade a rolling update from another commit to this one, under load: make test-upgrade PREVIOUS=v1.2.3'
	@echo 'make test-pods    the roles as the manifests say them, as processes, with TLS, passwords and access rules'
	@echo 'make test-admission  a real API server of Kubernetes takes every manifest (builds it first: 8 minutes)'
	@echo 'make test-collector  the OpenTelemetry Collector accepts its configuration (builds it first: 4 minutes)'
	@echo 'make chaos        the faults of the tests for longer: make chaos KILLS=200'
	@echo 'make bench        every benchmark but growth (30 minutes); one: make bench NAME=append, or make bench-append'
	@echo 'make bench-peers  Frontdoor beside cqrs-es, esrs and Axon 4 on the same PostgreSQL (7 minutes)'
	@echo 'make bench-growth what a log of 10^7 events costs (15 GB of disk, long)'

run: compilers styles $(if $(LATER),faketime)
	cargo build --release --locked --package frontdoor
	target/release/frontdoor demo-receiver --until-parent-ends --listen '$(RECEIVER)' & \
	exec $(if $(LATER),faketime -m --exclude-monotonic -f +$(LATER)d) target/release/frontdoor serve --demo --data '$(DEMO)' --listen '$(LISTEN)' --admin '$(ADMIN)' --gateway '$(GATEWAYS)'

# The whole system as processes, in the background, until `make down`.
up: compilers styles postgres kafka
	cargo build --release --locked --package frontdoor --package local
	@mkdir -p '$(LOCAL)'; if [ -e '$(LOCAL)/pid' ] && kill -0 "$$(cat '$(LOCAL)/pid')" 2>/dev/null; then \
	  echo 'it is up already; make down ends it'; exit 1; fi
	@rm -f '$(LOCAL)/env'; FRONTDOOR_GATEWAY='$(GATEWAYS)' nohup setsid bash -c ' \
	  target/release/frontdoor demo-receiver --until-parent-ends --listen "$(RECEIVER)" & \
	  exec target/release/local target/release/frontdoor "$(LOCAL)"' >'$(LOCAL)/up.log' 2>&1 & echo $$! >'$(LOCAL)/pid'
	@until [ -e '$(LOCAL)/env' ]; do \
	  kill -0 "$$(cat '$(LOCAL)/pid')" 2>/dev/null || { cat '$(LOCAL)/up.log'; exit 1; }; sleep 0.2; done
	@cat '$(LOCAL)/env'
	@echo; echo 'It is up. In a shell: . $(LOCAL)/env   Its processes write to $(LOCAL)/*.log. make down ends it.'
	@echo 'http://$(RECEIVER) shows what its gateways deliver.'

down:
	@if [ -e '$(LOCAL)/pid' ] && kill "$$(cat '$(LOCAL)/pid')" 2>/dev/null; then echo 'it is down'; \
	  else echo 'it was not up'; fi
	@rm -f '$(LOCAL)/pid' '$(LOCAL)/env'

# The binary that needs no library of the machine that it runs on. Names are resolved by DNS and /etc/hosts.
TRIPLE = $(shell rustc --version --verbose | sed -n 's/^host: //p')
STATIC = target/static/$(TRIPLE)/release/frontdoor
static: compilers styles
	OPENSSL_STATIC=1 RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --locked --package frontdoor \
	  --target '$(TRIPLE)' --target-dir target/static

IMAGE = deploy/image/image.sh '$(STATIC)' target/image '$(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)' '$(shell git rev-parse HEAD)'
image: static umoci
	$(IMAGE)

image-test: image
	deploy/image/test.sh target/image $(IMAGE)

umoci:
	@command -v umoci >/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends umoci; }

test: compilers styles
	$(MAKE) --no-print-directory --jobs 2 test-build test-needs
	@MAKE='$(MAKE)' deploy/local/lanes.sh test-programs test-systems test-pages test-deployment

test-build:
	cargo fmt --all --check
	cargo fmt --manifest-path deploy/peers/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --workspace --locked --no-run

# What the lanes need is fetched while the processors build, one after the other, because Debian's packages are installed by one
# process at a time. cargo-deny is built here, before the lanes, which it would slow down.
test-needs:
	@env -u MAKEFLAGS $(MAKE) --no-print-directory postgres kafka passes browser '$(MANIFESTS)/complete' '$(DENY)'

# The lanes of the tests. They run at the same time, because most of them wait for servers, leases and browsers.
TEST_IN_LANE = CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='$(CURDIR)/deploy/local/lane.sh $(1)' \
  CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER='$(CURDIR)/deploy/local/lane.sh $(1)' cargo test --workspace --locked --no-fail-fast

test-programs:
	$(call TEST_IN_LANE,programs)

# The journeys on a whole system come after the tests with whole systems: two of them at a time starve the databases of other tests.
JOURNEYS = FRONTDOOR=target/debug/frontdoor LOCAL=target/debug/local CHROMIUM="$$(command -v chromium-headless-shell)" \
  node --test --test-concurrency=1
WITH_SYSTEMS := deploy/browser/distributed.test.mjs
test-systems:
	$(call TEST_IN_LANE,systems) --tests
	$(JOURNEYS) $(WITH_SYSTEMS)

test-pages:
	$(JOURNEYS) $(filter-out $(WITH_SYSTEMS),$(BROWSER))

# One after the other: the pods wait for a database that everything else asks, too, while all lanes start.
test-deployment:
	@for part in test-licences test-manifests test-pods; do $(MAKE) --no-print-directory "$$part" || exit; done

# The manifests for Kubernetes, by the schemas of Kubernetes and of the operators, by Strimzi's classes, by kube-score, by promtool, and
# by the binary's own settings.
STRIMZI := target/strimzi
CHECK_WITH = KUSTOMIZE='$(MANIFESTS)/kustomize' PROMTOOL='$(MANIFESTS)/prometheus/usr/bin/promtool' CRDS='$(MANIFESTS)/crds' \
  KUBE_SCORE='$(MANIFESTS)/kube-score' STRIMZI='$(STRIMZI)/classes:$(MANIFESTS)/strimzi/*' \
  COMPOSE_SPEC='$(MANIFESTS)/cmd' FRONTDOOR=target/debug/frontdoor
test-manifests: $(MANIFESTS)/complete $(STRIMZI)/complete
	$(CHECK_WITH) sh -c 'for file in check check_observability; do "$$0" "deploy/kubernetes/$$file.py" || exit; done' '$(MANIFESTS)/python/bin/python'

$(STRIMZI)/complete: $(wildcard deploy/kubernetes/strimzi/src/main/java/*/*/*/*/*.java) $(MANIFESTS)/complete | jdk
	rm -rf '$(STRIMZI)' && mkdir -p '$(STRIMZI)'
	javac -cp '$(MANIFESTS)/strimzi/*' -d '$(STRIMZI)/classes' $(filter %.java,$^)
	touch '$@'

# Not moved when it is complete: the programs of a virtual environment know their place. promtool is taken out of Debian's package, which
# would start a Prometheus if it was installed.
$(MANIFESTS)/complete: | go jdk
	@command -v mvn >/dev/null && python3 -c 'import ensurepip' 2>/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends maven python3 python3-venv; }
	rm -rf '$(MANIFESTS)' && mkdir -p '$(MANIFESTS)/crds/secrets-store-csi-driver'
	GOBIN='$(MANIFESTS)' go install 'sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION)'
	GOBIN='$(MANIFESTS)' go install 'github.com/zegl/kube-score/cmd/kube-score@$(KUBE_SCORE_VERSION)'
	GOBIN='$(MANIFESTS)' go install 'github.com/compose-spec/compose-go/v2/cmd@$(COMPOSE_GO_VERSION)'
	cp deploy/kubernetes/definitions/*.yaml '$(MANIFESTS)/crds/secrets-store-csi-driver'
	set -euo pipefail; for definitions in $(DEFINITIONS); do IFS=, read -r name module folder <<<"$$definitions"; \
	  module="$$(cd '$(MANIFESTS)' && GO111MODULE=on go mod download -json "$$module" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')"; \
	  cp -r "$$module/$$folder" "$(MANIFESTS)/crds/$$name"; chmod -R u+w "$(MANIFESTS)/crds/$$name"; done
	mvn --quiet --batch-mode --file deploy/kubernetes/strimzi/pom.xml dependency:copy-dependencies '-DoutputDirectory=$(MANIFESTS)/strimzi'
	python3 -m venv '$(MANIFESTS)/python'
	'$(MANIFESTS)/python/bin/python' -m pip install --quiet --disable-pip-version-check \
	  'kubernetes-validate==$(KUBERNETES_VALIDATE_VERSION)'
	@as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; cd '$(MANIFESTS)' && \
	  { apt-get download prometheus || { $$as_root apt-get update && apt-get download prometheus; }; } && \
	  dpkg-deb --extract prometheus_*.deb prometheus && rm prometheus_*.deb
	touch '$@'

test-licences: $(DENY)
	'$(DENY)' --log-level error --all-features check licenses bans sources

# The pages' style sheet (MIT), which the build embeds; nothing of it is committed.
STYLES := query-side/pages/node_modules/.package-lock.json
styles: $(STYLES)

$(STYLES): query-side/pages/package-lock.json | node
	npm ci --no-audit --no-fund --loglevel=error --prefix query-side/pages
	@touch '$@'

# The journeys in a real browser, the browser, and the checkers of pages. It is Chromium without the windows of a desktop, which
# takes two thirds of the processor time of Chromium that hides them.
BROWSER := $(wildcard deploy/browser/*.test.mjs)
browser: faketime deploy/browser/node_modules/.package-lock.json
	@command -v chromium-headless-shell >/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends chromium-headless-shell; }

deploy/browser/node_modules/.package-lock.json: deploy/browser/package-lock.json | node
	npm ci --no-audit --no-fund --loglevel=error --prefix deploy/browser
	@touch '$@'

# Runs a program with a clock that is ahead, for timers that are due in days.
faketime:
	@command -v faketime >/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends faketime; }

# The pictures of the README.
screenshots: compilers styles browser
	cargo build --locked --package frontdoor
	FRONTDOOR=target/debug/frontdoor CHROMIUM="$$(command -v chromium-headless-shell)" node deploy/browser/screenshots.mjs

node:
	@command -v node >/dev/null && command -v npm >/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends nodejs npm; }

# The faults of the tests for longer: KILLS of processes, brokers and databases under load, from a seed that it prints.
chaos: compilers styles postgres kafka
	FRONTDOOR_KILLS='$(KILLS)' FRONTDOOR_SILENCE='$(SILENCE)' cargo test --locked --package frontdoor --test distributed kills -- --nocapture

# A rolling update from another commit to this one, under load: make test-upgrade PREVIOUS=v1.2.3
PREVIOUS := HEAD^
EARLIER := target/previous
test-upgrade: compilers styles postgres kafka
	rm -rf '$(EARLIER)/source' && mkdir -p '$(EARLIER)/source'
	git archive '$(PREVIOUS)' | tar --extract --directory '$(EARLIER)/source'
	$(MAKE) --no-print-directory --directory '$(EARLIER)/source' styles
	cargo build --locked --package frontdoor --manifest-path '$(EARLIER)/source/Cargo.toml' --target-dir '$(EARLIER)/target'
	FRONTDOOR_PREVIOUS='$(CURDIR)/$(EARLIER)/target/debug/frontdoor' \
	  cargo test --workspace --locked --test distributed rolling_update -- --ignored --nocapture

# What the overlay `local` says is run here as processes, with a PostgreSQL and a Kafka that ask for certificates and passwords.
test-pods: postgres kafka $(MANIFESTS)/complete
	@[ -e target/debug/frontdoor ] || $(MAKE) --no-print-directory compilers styles test-build
	as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root env FRONTDOOR=target/debug/frontdoor KUSTOMIZE='$(MANIFESTS)/kustomize' KAFKA_JARS="$${KAFKA_JARS:-$(KAFKA)}" \
	  POSTGRES_BIN="$${POSTGRES_BIN:-$$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)}" \
	  '$(MANIFESTS)/python/bin/python' deploy/kubernetes/run_pods.py local

# A real API server of Kubernetes takes every overlay. Apart from the tests because it is built first, which takes eight minutes.
APISERVER := $(TOOLS)/apiserver-$(KUBERNETES_VERSION)-$(ETCD_VERSION)
test-admission: $(MANIFESTS)/complete $(APISERVER)/etcd
	$(CHECK_WITH) APISERVER='$(APISERVER)' '$(MANIFESTS)/python/bin/python' deploy/kubernetes/apiserver/admit.py

# The OpenTelemetry Collector, with the parts that the configuration uses, validates it. Apart from the tests because it is built first,
# which takes four minutes.
COLLECTOR := deploy/kubernetes/components/opentelemetry
test-collector: target/otelcol/otelcol
	OTLP_ENDPOINT=http://127.0.0.1:4317 target/otelcol/otelcol validate --config='$(COLLECTOR)/config.yaml'

target/otelcol/otelcol: $(COLLECTOR)/builder.yaml | go
	rm -rf target/otelcol
	GOFLAGS='-mod=mod -tags=remove_all_sd,enable_dns_sd' \
	  go run "go.opentelemetry.io/collector/cmd/builder@v$$(sed -n 's/^  version: //p' '$<')" --config='$<'

$(APISERVER)/etcd: | go
	@command -v openssl >/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends openssl; }
	deploy/kubernetes/apiserver/build.sh '$(KUBERNETES_VERSION)' '$(ETCD_VERSION)' '$(APISERVER)'

bench: compilers styles postgres kafka peers axon
	cargo build --release --locked --package frontdoor
	$(BENCH) $(WITH_PEERS) $(NAME)

bench-peers: compilers styles postgres peers axon
	$(BENCH) $(WITH_PEERS) peers-append peers-command peers-replay

bench-peers-%: compilers styles postgres peers axon
	$(BENCH) $(WITH_PEERS) peers-$*

bench-%: compilers styles postgres kafka
	cargo build --release --locked --package frontdoor
	$(BENCH) $*

peers:
	cargo build --release --locked --manifest-path deploy/peers/Cargo.toml --target-dir target/peers

axon: $(AXON_JAR)

# Maven fetches Axon Framework (Apache-2.0) and what it needs; nothing of it is committed or delivered.
$(AXON_JAR): deploy/peers/axon/pom.xml $(wildcard deploy/peers/axon/src/main/java/peer/*.java) | jdk
	@command -v mvn >/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends maven; }
	rm -rf target/axon
	mvn --quiet --batch-mode --file deploy/peers/axon/pom.xml package

# SQLite, the cryptography and the Kafka client are compiled from C and C++; the client speaks TLS through OpenSSL.
compilers:
	@command -v cc >/dev/null && command -v c++ >/dev/null && command -v cmake >/dev/null && \
	  command -v pkg-config >/dev/null && pkg-config --exists openssl || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends gcc g++ libc6-dev cmake make \
	    pkg-config libssl-dev; }

# The tests start a real one of their own, as the user that Debian's package makes.
postgres:
	@[ -n "$$POSTGRES_BIN" ] || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends postgresql; }

# The tests start a real one of their own from these jars, and read it with a client that others wrote.
kafka: java $(if $(KAFKA_JARS),,$(KAFKA)) $(if $(KAFKA_PYTHON),,$(PYTHON))

java:
	@command -v java >/dev/null && command -v keytool >/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends openjdk-17-jre-headless; }

# From 1.21 on, Go fetches the release that a module asks for. Debian 12 has an older one.
go:
	@go version 2>/dev/null | grep -qE 'go1\.(2[1-9]|[3-9][0-9])' || { \
	  echo 'Go 1.21 or later is needed, for tools that check the manifests: https://go.dev/doc/install' >&2; exit 1; }

jdk:
	@command -v java >/dev/null && command -v javac >/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends openjdk-17-jdk-headless; }

# What is downloaded gets its name when it is complete.
$(KAFKA): | java
	@command -v mvn >/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends maven; }
	rm -rf '$@.part' && mkdir -p '$@.part'
	mvn --quiet --batch-mode --file deploy/local/kafka/pom.xml dependency:copy-dependencies '-DoutputDirectory=$@.part'
	mv '$@.part' '$@'

$(PYTHON):
	@python3 -c 'import ensurepip' 2>/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends python3 python3-venv; }
	rm -rf '$@.part' && python3 -m venv '$@.part'
	'$@.part/bin/python' -m pip install --quiet --disable-pip-version-check \
	  'kafka-python==$(KAFKA_PYTHON_VERSION)' 'zstandard==$(ZSTANDARD_VERSION)'
	mv '$@.part' '$@'

# The program that verifies vaccination passes and is not ours (deploy/passes/verify.py).
passes: $(if $(PASS_VERIFIER),,$(PASS_VERIFIER_FOLDER))

$(PASS_VERIFIER_FOLDER):
	@python3 -c 'import ensurepip' 2>/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends python3 python3-venv; }
	rm -rf '$@.part' '$@' && python3 -m venv '$@.part'
	'$@.part/bin/python' -m pip install --quiet --disable-pip-version-check --requirement deploy/passes/requirements.txt
	mv '$@.part' '$@'

# Apart from the tests because of its size. Without `CI` it reports its use to its makers.
asyncapi: compilers styles $(ASYNCAPI)
	cargo build --locked --package frontdoor
	target/debug/frontdoor asyncapi >target/asyncapi.json
	CI=true ASYNCAPI_METRICS_CONFIG_PATH=target/asyncapi-metrics.json \
	  '$(ASYNCAPI)/node_modules/.bin/asyncapi' validate target/asyncapi.json --fail-severity=warn

$(ASYNCAPI):
	@command -v npm >/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends npm; }
	rm -rf '$@.part' && mkdir -p '$@.part'
	npm install --no-audit --no-fund --loglevel=error --prefix '$@.part' '@asyncapi/cli@$(ASYNCAPI_VERSION)'
	mv '$@.part' '$@'

# Apart from the tests because of what it needs: Go, npm, Java, and packages of three registries.
openapi: compilers styles java $(OPENAPI)/complete
	cargo build --locked --package frontdoor
	deploy/openapi/check.sh target/debug/frontdoor '$(OPENAPI)' target/openapi

# Not moved when it is complete: the programs of a virtual environment know their place.
$(OPENAPI)/complete:
	@command -v go >/dev/null && command -v npm >/dev/null && command -v curl >/dev/null && \
	  python3 -c 'import ensurepip' 2>/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update && $$as_root apt-get install -y --no-install-recommends golang-go npm curl python3 python3-venv; }
	rm -rf '$(OPENAPI)' && mkdir -p '$(OPENAPI)/npm'
	GOBIN='$(OPENAPI)/go/bin' go install 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@$(OPENAPI_GO_VERSION)'
	npm install --no-audit --no-fund --loglevel=error --prefix '$(OPENAPI)/npm' \
	  '@hey-api/openapi-ts@$(OPENAPI_TS_VERSION)' --save-exact 'typescript@5.9.3'
	python3 -m venv '$(OPENAPI)/venv'
	'$(OPENAPI)/venv/bin/python' -m pip install --quiet --disable-pip-version-check \
	  'schemathesis==$(SCHEMATHESIS_VERSION)' 'openapi-generator-cli==$(OPENAPI_GENERATOR_VERSION)' \
	  'openapi-python-client==$(OPENAPI_PYTHON_VERSION)' \
	  mypy==2.4.1 ruff==0.17.6 pydantic==2.14.4 python-dateutil==4.0.0 types-python-dateutil==2.9.0.20261116 urllib3==2.8.0
	touch '$@'

# Without optimisation and debug information: it takes minutes less to build, and seconds to run.
$(DENY):
	CARGO_PROFILE_DEV_DEBUG=false cargo install --debug --locked --root '$(TOOLS)/cargo-deny-$(DENY_VERSION)' 'cargo-deny@$(DENY_VERSION)'
