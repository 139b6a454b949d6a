#!/usr/bin/env bash
# Puts new passwords of the databases' roles into the key vault. They are not in OpenTofu's state:
#
#   deploy/azure/secrets.sh VAULT            all roles that have no password, before the first start; replaces none
#   deploy/azure/secrets.sh VAULT server     a new password of one role (owner, server, views), which is in use within minutes
set -euo pipefail
vault=${1:?usage: $0 VAULT [owner|server|views]}
roles=(owner server views)
if [ $# -gt 1 ]; then
  case $2 in owner | server | views) roles=("$2") ;; *) echo "$2 is none of owner, server, views" >&2; exit 2 ;; esac
fi

# A failure is not an answer: only SecretNotFound says that there is no password. A password is put into the vault after its name, so a
# role that has one is complete, and a run that was interrupted can be repeated.
if [ $# -eq 1 ]; then
  missing=()
  for role in "${roles[@]}"; do
    if error=$(az keyvault secret show --vault-name "$vault" --name "$role-password" --query id --output none 2>&1); then
      echo "$role has a password; give its name to replace it"
    elif [[ $error == *SecretNotFound* ]]; then
      missing+=("$role")
    else
      printf '%s\n' "$error" "the vault does not say whether $role has a password; nothing was changed" >&2
      exit 1
    fi
  done
  roles=("${missing[@]}")
fi

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
