#!/usr/bin/env bash
# Makes what the containers of ../compose.yaml find in their volumes. It runs at each start, and replaces no password. It is root with the
# right to give files away and no other one, so it sets the mode of a file first.
set -euo pipefail

# PostgreSQL (999) creates the role with this password; the process that is the role (65532) signs in with it.
for role in postgres owner server views; do
  folder=/run/passwords/$role
  if [ ! -e "$folder/password" ]; then
    head -c 64 /dev/urandom | base64 --wrap 0 | tr -dc 'A-Za-z0-9' | cut -c 1-32 >"$folder/draft"
    chmod 0440 "$folder/draft"
    chown 999:65532 "$folder/draft"
    mv "$folder/draft" "$folder/password"
  fi
done

# The binary takes a folder of its own only.
if [ -O /demonstration ]; then
  chmod 0700 /demonstration
  chown 65532:65532 /demonstration
fi

# A file of rules is the part of the PrometheusRule below `spec`.
sed -n '/^  groups:/,$ s/^  //p' /alerts.yaml >/rules/alerts.yaml
