#!/usr/bin/env bash
# Puts new passwords of the databases' roles into the key vault. They are not in OpenTofu's state:
#
#   deploy/azure/secrets.sh VAULT            all roles, before the first start; refuses to replace a password
#   deploy/azure/secrets.sh VAULT server     a new password of one role (owner, server, views), which is in use within minutes
set -euo pipefail
vault=${1:?usage: $0 VAULT [owner|server|views]}
roles=(owner server views)
if [ $# -gt 1 ]; then
  case $2 in owner | server | views) roles=("$2") ;; *) echo "$2 is none of owner, server, views" >&2; exit 2 ;; esac
fi

for role in "${roles[@]}"; do
  if [ $# -eq 1 ] && az keyvault secret show --vault-name "$vault" --name "$role-password" --query id --output tsv 2>/dev/null; then
    echo "$role has a password; give its name to replace it" >&2
    exit 1
  fi
done

# A password goes through a file that only this user can read, because everybody on the machine can read a command's arguments.
umask 077
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for role in "${roles[@]}"; do
  head -c 64 /dev/urandom | base64 --wrap 0 | tr -dc 'A-Za-z0-9' | cut -c 1-32 | tr -d '\n' >"$folder/password"
  printf %s "$role" >"$folder/name"
  for part in name password; do
    az keyvault secret set --vault-name "$vault" --name "$role-$part" --file "$folder/$part" --encoding utf-8 --output none
  done
  echo "$role has a new password"
done
