#!/bin/bash
# Runs the benchmarks, and ends with a line for each figure that is asked for:
# ok|short NAME FIGURE (asked: BAR).
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(mktemp)
trap 'rm -f "$out"' EXIT
go test -run '^$' -bench . -benchmem ./internal/... | grep -v -e '^PASS' -e '^ok' -e 'no test files' | tee "$out"

# asked NAME BENCHMARK UNIT BAR: the benchmark's figure in that unit must reach the bar.
asked() {
	local figure
	figure=$(awk -v name="$2" -v unit="$3" '$1 ~ "^" name "(-[0-9]+)?$" { for (i = 2; i <= NF; i++) if ($i == unit) print $(i - 1) }' "$out")
	awk -v name="$1" -v figure="$figure" -v bar="$4" -v unit="$3" 'BEGIN {
		verdict = (figure + 0 >= bar + 0) ? "ok" : "short"
		printf "%s %s %.0f %s (asked: %d)\n", verdict, name, figure, unit, bar }'
}
echo
asked digest BenchmarkTree entries/s 1000000
asked store-sqlite BenchmarkPutTrees/SQLite/sustained trees/s 10000
asked store-mariadb BenchmarkPutTrees/MariaDB/sustained trees/s 20000
