#!/bin/bash
# Fuzzes every fuzz target of the module for FUZZTIME (default 30s) each.
set -euo pipefail
cd "$(dirname "$0")/.."

while IFS=: read -r file target; do
	echo "== ${file%/*} $target"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-30s}" "./${file%/*}"
done < <(git grep -oE --untracked '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | sed 's/:func /:/')
