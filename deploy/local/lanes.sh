#!/usr/bin/env bash
# Runs targets of the Makefile at the same time, as `make test` does with the lanes of the tests. Their lines come as they are
# written. At the end each lane has a line, and what failed in it is repeated, so that the end of the output says it.
set -uo pipefail
logs=target/test
mkdir -p "$logs"
TIMEFORMAT='%0R s'
lanes=()
for lane in "$@"; do
  {
    time { ${MAKE:-make} --no-print-directory "$lane" 2>&1 | tee "$logs/$lane.log"; }
  } 2>"$logs/$lane.time" &
  lanes+=("$!")
done
failed=0
for lane in "$@"; do
  wait "${lanes[0]}" && result=passed || { result=FAILED failed=1; }
  lanes=("${lanes[@]:1}")
  echo "$lane $result after $(<"$logs/$lane.time")" >"$logs/$lane.end"
done
for lane in "$@"; do
  if grep -q FAILED "$logs/$lane.end"; then
    echo; echo "What failed in $lane ($logs/$lane.log):"
    awk '/^failures:$/ { on = 1 } /^test result: / { on = 0 } /^not ok / { rest = 30 } on || rest-- > 0' "$logs/$lane.log" |
      grep -vE '^ +([0-9]+: |at )' | head -n 300
    tail -n 10 "$logs/$lane.log"
  fi
done
echo
for lane in "$@"; do cat "$logs/$lane.end"; done
exit "$failed"
