#!/usr/bin/env bash
# Makes the container image of a static binary, without a container engine: `image.sh BINARY FOLDER VERSION REVISION` writes the OCI
# layout FOLDER/oci and the archive FOLDER/frontdoor.tar, which `docker load`, `podman load` and `skopeo copy oci-archive:` read, and
# prints the digest. The same binary gives the same digest.
set -euo pipefail
[ $# = 4 ] || { echo "usage: $0 BINARY FOLDER VERSION REVISION" >&2; exit 2; }
binary=$1 folder=$2 version=$3 revision=$4

# A program that needs libraries would not start: there are none.
if [ -n "$(readelf --program-headers --wide "$binary" | sed -n '/INTERP/p')" ]; then
  echo "$binary needs libraries; make static builds one that needs none" >&2; exit 1
fi
rm -rf "$folder"; mkdir -p "$folder/files"
image=$folder/oci:$version
# All times in the image are this one, so that they do not tell it from the next one.
time=1970-01-01T00:00:00Z

install -m 0755 "$binary" "$folder/files/frontdoor"
"$binary" licences --bill-of-materials >"$folder/files/sbom.cdx.json"
"$binary" licences >"$folder/files/licences.txt"
chmod 0644 "$folder/files/sbom.cdx.json" "$folder/files/licences.txt"
touch --date "$time" "$folder"/files/*

umoci init --layout "$folder/oci"
umoci new --image "$image"
for file in frontdoor:/frontdoor sbom.cdx.json:/usr/share/doc/frontdoor/sbom.cdx.json licences.txt:/usr/share/doc/frontdoor/licences.txt; do
  umoci insert --rootless --image "$image" --history.created "$time" --history.created_by "deploy/image/image.sh" \
    "$folder/files/${file%%:*}" "${file#*:}"
done
umoci config --image "$image" --no-history --created "$time" --author '' --architecture "$(dpkg --print-architecture)" --os linux \
  --clear=config.env --config.user 65532:65532 --config.entrypoint /frontdoor --config.cmd serve \
  --config.exposedports 8080/tcp --config.exposedports 8081/tcp --config.stopsignal SIGTERM \
  --config.label "org.opencontainers.image.title=frontdoor" \
  --config.label "org.opencontainers.image.version=$version" \
  --config.label "org.opencontainers.image.revision=$revision" \
  --config.label "org.opencontainers.image.licenses=Apache-2.0" \
  --config.label "org.opencontainers.image.description=Event-sourced services of a digital front door to health care"
umoci gc --layout "$folder/oci"
tar --create --file "$folder/frontdoor.tar" --directory "$folder/oci" --sort=name --mtime "$time" --owner 0 --group 0 --numeric-owner .
rm -r "$folder/files"
python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["manifests"][0]["digest"])' "$folder/oci/index.json"
