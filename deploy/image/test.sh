#!/usr/bin/env bash
# Tries the image in FOLDER: `test.sh FOLDER COMMAND…`. COMMAND makes it again, and it has to be the same. Then its files are all that a
# process sees, as in a container: the binary starts, serves the demonstration, resolves a name, and ends.
set -euo pipefail
folder=$1; shift
digest() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["manifests"][0]["digest"])' "$folder/oci/index.json"; }

first=$(digest) && sha=$(sha256sum <"$folder/frontdoor.tar")
"$@" >/dev/null
[ "$first" = "$(digest)" ] && [ "$sha" = "$(sha256sum <"$folder/frontdoor.tar")" ] || { echo "two images of one binary differ" >&2; exit 1; }

root=$(mktemp -d)
serving=
trap '[ -z "$serving" ] || kill "$serving"; rm -rf "$root"' EXIT
umoci unpack --rootless --image "$folder/oci:$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"])' "$folder/oci/index.json")" "$root/bundle" >/dev/null
files=$root/bundle/rootfs
[ "$(cd "$files" && find . -type f | sort | tr '\n' ' ')" = "./frontdoor ./usr/share/doc/frontdoor/licences.txt ./usr/share/doc/frontdoor/sbom.cdx.json " ] \
  || { echo "the image has other files:" >&2; find "$files" -type f >&2; exit 1; }

# What a container runtime adds: the hosts, the sources of random numbers, a volume.
mkdir "$files/etc" "$files/dev" "$files/data" && touch "$files/dev/random" "$files/dev/urandom"
printf '127.0.0.1 localhost\n' >"$files/etc/hosts"
inside=(unshare --user --map-root-user --mount sh -c 'for source in random urandom; do
  mount --bind "/dev/$source" "$0/dev/$source"; done; exec chroot "$0" /frontdoor "$@"' "$files")
"${inside[@]}" --version
"${inside[@]}" serve --demo --data /data --listen 127.0.0.1:18180 --admin localhost:18181 \
  --log-level warn >"$root/output" &
serving=$!
for _ in $(seq 300); do grep -q 'is ready' "$root/output" && break; kill -0 "$serving"; sleep 0.2; done
curl --silent --fail --header 'Accept: text/html' --output "$root/licences" http://127.0.0.1:18180/licences
grep -q SQLite "$root/licences"
"${inside[@]}" status --admin localhost:18181 >/dev/null
kill -TERM "$serving" && wait "$serving"
serving=
"${inside[@]}" check --data /data
echo "$first"
