#!/usr/bin/env bash
# Builds Kubernetes' API server and etcd from their sources in the Go proxy: `build.sh KUBERNETES-VERSION ETCD-VERSION FOLDER`. With two
# processors it takes eight minutes.
set -euo pipefail
kubernetes=$1 etcd=$2 folder=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"
cd "$work"
go mod init frontdoor/apiserver
# Its own go.mod takes the parts of Kubernetes from folders beside it, which the module does not have: they are modules of the same
# release.
version="v0.${kubernetes#v1.}"
requirements=$(go mod download -json "k8s.io/kubernetes@$kubernetes" | sed -n 's/.*"GoMod": "\(.*\)",/\1/p')
sed -n 's|^\t\(k8s.io/[a-z-]*\) v0.0.0$|\1|p; s|^\t\(k8s.io/[a-z-]*\) => ./staging.*|\1|p' "$requirements" | sort -u | while read -r module; do
  go mod edit -replace "$module=$module@$version"
done
go mod edit -require "k8s.io/kubernetes@$kubernetes" -require "go.etcd.io/etcd/server/v3@$etcd"
cat >programs.go <<'END'
//go:build programs

package programs

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
END
go mod tidy
package=k8s.io/component-base/version
go build -ldflags "-s -w -X $package.gitVersion=$kubernetes -X $package.gitMajor=1 -X $package.gitMinor=$(cut -d . -f 2 <<<"$kubernetes")" \
  -o "$folder/kube-apiserver" k8s.io/kubernetes/cmd/kube-apiserver
go build -ldflags '-s -w' -o "$folder/etcd" go.etcd.io/etcd/server/v3
