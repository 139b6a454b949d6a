#!/usr/bin/env bash
# Creates the roles and the databases. PostgreSQL's image runs it once, when the folder of its data is new.
set -euo pipefail
create() {
  psql --username postgres --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set "role=$1" --set "password=$(cat "/run/passwords/$1/password")" <<'END'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
END
}
for role in owner server views; do create "$role"; done
createdb --username postgres --owner owner frontdoor
createdb --username postgres --owner views views
