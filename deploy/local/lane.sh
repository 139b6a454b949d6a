#!/usr/bin/env bash
# Runs a test program if it belongs to this lane of `make test`: cargo calls `lane.sh LANE PROGRAM ARGUMENTS` for each one.
# The programs of the lane `systems` start and kill real servers, and mostly wait: for leases, for silent networks, for
# brokers that start. The lane `programs` has all others.
set -euo pipefail
lane=$1 program=$2
shift
case $(basename "$program") in
  distributed-* | postgres-* | broker-* | kafka-* | kill9-* | connections-* | copy-* | nodes-*) of=systems ;;
  *) of=programs ;;
esac
[ "$lane" != "$of" ] || exec "$@"
