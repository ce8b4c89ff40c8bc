#!/bin/bash
# Checks everything that can be checked without running the programs, and goes
# on after a finding, so that one run shows all of them.
set -uo pipefail
cd "$(dirname "$0")/.."

tool=(go tool -modfile=tools/go.mod)
failed=0
check() { # check NAME COMMAND...: the command must succeed and print nothing but downloads
	local name=$1 out
	shift
	if out=$("$@" 2>&1 | sed '/^go: downloading /d') && [[ -z $out ]]; then
		echo "ok    $name"
	else
		printf 'FAIL  %s\n%s\n' "$name" "$out"
		failed=1
	fi
}

formatted() { gofmt -l $(git ls-files '*.go'); }
same_migrations() {
	diff <(ls migrations/mysql) <(ls migrations/sqlite)
	diff <(ls migrations/ftpd/mysql) <(ls migrations/ftpd/sqlite)
}

check vet go vet ./...
check gofmt formatted
check 'go fix' go fix -diff ./...
check tidy go mod tidy -diff
check 'tidy tools' go -C tools mod tidy -diff
check migrations same_migrations
check staticcheck "${tool[@]}" staticcheck ./...

# govulncheck needs its database from the network; without it there is nothing
# to say about the code.
vulnerabilities=$("${tool[@]}" govulncheck ./... 2>&1)
case $? in
0) echo 'ok    govulncheck' ;;
3)
	printf 'FAIL  govulncheck\n%s\n' "$vulnerabilities"
	failed=1
	;;
*) echo "skip  govulncheck: ${vulnerabilities##*$'\n'}" ;;
esac
exit $failed
