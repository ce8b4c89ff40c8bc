#!/bin/bash
# Fuzzes every fuzz target of the module for FUZZTIME (default 30s) each, and goes
# on after a finding. Go writes the input that failed into the target's testdata. Inputs
# are made smaller for a second, not for the minute that Go takes by itself: where the
# paths taken vary from run to run, little else would be done.
set -uo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
while IFS=: read -r file target; do
	if go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-30s}" -fuzzminimizetime 1s "./${file%/*}" >"$log" 2>&1; then
		verdict=ok
	elif grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; then
		verdict=ok # the time was over in the middle of an input, which Go takes for a failure
	else
		verdict=FAIL
		failed=1
	fi
	printf '%-5s %-32s %s\n' "$verdict" "$target" "$(grep -a '^fuzz: elapsed' "$log" | tail -n 1)"
	[[ $verdict == ok ]] || cat "$log"
done < <(git grep -oE --untracked '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | sed 's/:func /:/')
exit $failed
