#!/usr/bin/env bash
# Prints Secrets with new random passwords of the databases' roles:
#
#   deploy/kubernetes/secrets.sh | kubectl create --namespace frontdoor --filename -
#
# `create` refuses to replace passwords that are in use; deploy/runbooks/rotate-passwords.md does that, with `secrets.sh ROLE`.
set -euo pipefail
roles=(owner server views)
case $# in
  0) ;;
  1) roles=("$1") ;;
  *) echo "usage: $0 [owner|server|views]" >&2; exit 2 ;;
esac

for role in "${roles[@]}"; do
  case $role in owner | server | views) ;; *) echo "$role is none of owner, server, views" >&2; exit 2 ;; esac
  password=$(head -c 64 /dev/urandom | base64 --wrap 0 | tr -dc 'A-Za-z0-9' | cut -c 1-32)
  # With the label, CloudNativePG gives the role the password again when the Secret changes.
  cat <<END
---
apiVersion: v1
kind: Secret
type: kubernetes.io/basic-auth
metadata:
  name: frontdoor-$role
  labels:
    cnpg.io/reload: "true"
stringData:
  username: $role
  password: $password
END
done
