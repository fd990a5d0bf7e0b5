#!/usr/bin/env bash
# Run one stage of a check, saying what it is and how many minutes it took: stage.sh NUMBER WHAT COMMAND...
set -uo pipefail
number=$1 what=$2
shift 2
printf '\n== %s: %s ==\n' "$number" "$what"
SECONDS=0
"$@"
status=$?
printf '== %s: %s after %d min %02d s ==\n' "$number" "$([ $status = 0 ] && echo done || echo FAILED)" $((SECONDS / 60)) $((SECONDS % 60))
exit $status
