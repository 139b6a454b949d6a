#!/usr/bin/env bash
# Runs a test program if it belongs to this lane of `make test`: cargo calls `lane.sh LANE PROGRAM ARGUMENTS` for each one.
# The programs of the lane `systems` start and kill real servers, and mostly wait: for leases, for silent networks, for
# brokers that start. The lane `programs` has all others.
set -euo pipefail
lane=$1 program=$2
shift
# Cargo runs it in the package's folder. The programs of PostgreSQL are shared out, so that the lanes end at the same time.
case $(basename "$PWD")/$(basename "$program") in
  log/postgres-*) of=programs ;;
  */distributed-* | */postgres-* | */broker-* | */kafka-* | */kill9-* | */connections-* | */copy-* | */nodes-*) of=systems ;;
  *) of=programs ;;
esac
[ "$lane" != "$of" ] || exec "$@"
