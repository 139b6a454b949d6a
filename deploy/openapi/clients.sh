#!/usr/bin/env bash
# Clients made from a document, without options, and compiled.
# Usage: clients.sh TOOLS DOCUMENT FOLDER
set -euo pipefail

tools=$(realpath "$1") document=$(realpath "$2")
rm -rf "$3" && mkdir -p "$3"
cd "$3"
PATH="$tools/venv/bin:$PATH"
tsc=("$tools/npm/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck --target es2022 --module esnext --moduleResolution bundler)

# OpenAPI Generator, the generator of most languages.
for language in go typescript-fetch python; do
  echo "== openapi-generator: $language"
  "$tools/venv/bin/openapi-generator-cli" generate -g "$language" -i "$document" -o "$language" >"$language.log" 2>&1 ||
    { tail -n 40 "$language.log"; exit 1; }
done
(cd go && go mod tidy 2>../go-mod.log && go build ./... && go vet .)
"${tsc[@]}" typescript-fetch/index.ts
"$tools/venv/bin/python" -m compileall -q python/openapi_client
(cd python && "$tools/venv/bin/python" -c 'import openapi_client.api, openapi_client.models')

# The ones that each language's users take.
echo '== oapi-codegen: go'
mkdir -p oapi-codegen
(cd oapi-codegen && "$tools/go/bin/oapi-codegen" "$document" >api.go && go mod init api 2>/dev/null &&
  go mod tidy 2>../oapi-codegen.log && go build ./... && go vet ./...)
echo '== openapi-ts: typescript'
"$tools/npm/node_modules/.bin/openapi-ts" -i "$document" -o openapi-ts >openapi-ts.log 2>&1 ||
  { tail -n 40 openapi-ts.log; exit 1; }
"${tsc[@]}" openapi-ts/index.ts
echo '== openapi-python-client: python'
"$tools/venv/bin/openapi-python-client" generate --path "$document" --output-path openapi-python-client --fail-on-warning
"$tools/venv/bin/python" -m compileall -q openapi-python-client
"$tools/venv/bin/mypy" --no-error-summary openapi-python-client/frontdoor_client
