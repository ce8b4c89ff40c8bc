#!/bin/bash
# run.sh [CONFIG]: starts crawler and redirector with one configuration until
# either ends or this script is interrupted. Without a configuration it writes one and says
# what comes next.
set -euo pipefail
cd "$(dirname "$0")/.."

config=${1:-tracker.toml}
if [[ ! -e $config ]]; then
	bin/crawler config init "$config"
	cat <<-EOF

		There was no configuration, so that one was written to $config. What comes next:

		  1. Open $config, and tell it which servers to crawl: a [[site]] table each.
		  2. make run CONFIG=$config
	EOF
	exit 0
fi
bin/crawler config check "$config"

bin/crawler run --config "$config" &
crawler=$!
bin/redirector serve --config "$config" &
redirector=$!
stop() { kill "$crawler" "$redirector" 2>/dev/null || true; }
trap stop EXIT INT TERM
status=0
wait -n "$crawler" "$redirector" || status=$?
stop
wait || true
exit "$status"
