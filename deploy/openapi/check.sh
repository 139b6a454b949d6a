#!/usr/bin/env bash
# Whether the API does what /openapi.json says, and whether clients made from it compile. It starts a server with the
# demonstration's data, has schemathesis ask it (at most SECONDS_MAX), and makes clients in Go, TypeScript and Python
# with generators that others wrote, without options.
# Usage: check.sh BINARY TOOLS FOLDER    (TOOLS: made by the Makefile; FOLDER: emptied, and left to look at)
set -euo pipefail

binary=$(realpath "$1") tools=$(realpath "$2") here=$(realpath "$(dirname "$0")")
rm -rf "$3" && mkdir -p "$3"
folder=$(realpath "$3")
SECONDS_MAX=100
START_SECONDS_MAX=60

"$binary" serve --demo --data "$folder/demo" --listen 127.0.0.1:0 --admin 127.0.0.1:0 --log-level warn \
  >"$folder/server.out" 2>"$folder/server.log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT
until grep -q '^frontdoor is ready' "$folder/server.out"; do
  kill -0 "$server" 2>/dev/null && ((SECONDS < START_SECONDS_MAX)) || { cat "$folder/server.log"; exit 1; }
  sleep 0.2
done
url=$(sed -n 's/^frontdoor is ready: \(http[^ ]*\).*/\1/p' "$folder/server.out")
curl --fail --silent --show-error --max-time 10 --output "$folder/openapi.json" "$url/openapi.json"

echo '== schemathesis'
(cd "$folder" && DEMO="$folder/demo" SUBJECT=$(cat "$folder/demo/alice.subject") PYTHONPATH="$here" \
  "$tools/venv/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$url/openapi.json" \
  --max-time "$SECONDS_MAX" --phases examples,coverage,fuzzing --warnings off)

"$here/clients.sh" "$tools" "$folder/openapi.json" "$folder/clients"
