#!/bin/bash
# Installs the programs that the tests run against, on Debian 12 and as root:
# FTP servers, a database server, a proxy and clients. Nothing here starts a service.
#
# vsftpd, proftpd-core and pure-ftpd conflict with each other as packages, and squid
# would be a service, so they are unpacked side by side into TESTBED_CACHE (default: .cache/servers in
# the repository); only the libraries they need are installed.
#
# Idempotent, and quick when nothing is missing. What cannot be had is named in
# one line each and is no error: the tests that need it then skip by that name.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cache=${TESTBED_CACHE:-$root/.cache/servers}

# program:package, found on PATH once installed. The race detector needs a C
# compiler; mariadb-install-db needs my_print_defaults, which is in the client's
# package.
installed=(
	gcc:gcc
	mariadbd:mariadb-server-core
	my_print_defaults:mariadb-client-core
	curl:curl
	lftp:lftp
	ncftpget:ncftp
	tnftp:tnftp
	inetutils-ftp:inetutils-ftp
	strace:strace
	ip:iproute2
	systemd-analyze:systemd
	wget:wget
	aria2c:aria2
	webalizer:webalizer
	ncftp3:ncftp
	tnftp:tnftp
	inetutils-ftp:inetutils-ftp
	busybox:busybox
	axel:axel
	rclone:rclone
	wrk:wrk
	redis-server:redis-server
	minisign:minisign
	zstd:zstd
)

# package:program or module, unpacked into $cache/<package>.
unpacked=(
	vsftpd:usr/sbin/vsftpd
	proftpd-core:usr/sbin/proftpd
	proftpd-mod-crypto:usr/lib/proftpd/mod_tls.so
	pure-ftpd:usr/sbin/pure-ftpd
	squid:usr/sbin/squid
	squid-common:usr/share/squid/mime.conf
	squid-langpack:usr/share/squid-langpack/en/ERR_READ_ERROR
)

PATH=$PATH:/usr/sbin:/sbin
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

have_python() { /usr/bin/python3 -c "import $1" 2>/dev/null; }

# complete reports whether a program is unpacked and finds all its libraries.
complete() {
	[[ -e $1 ]] && ! ldd "$1" 2>/dev/null | grep -q 'not found'
}

wanted=()
for pair in "${installed[@]}"; do
	command -v "${pair%%:*}" >/dev/null || wanted+=("${pair#*:}")
done
have_python pyftpdlib || wanted+=(python3-pyftpdlib)
have_python OpenSSL || wanted+=(python3-openssl)
/usr/bin/perl -e 'use Net::FTP; use IO::Socket::SSL' 2>/dev/null || wanted+=(perl libio-socket-ssl-perl)
[[ -e /usr/include/stdio.h ]] || wanted+=(libc6-dev)
servers=()
for pair in "${unpacked[@]}"; do
	complete "$cache/${pair%%:*}/${pair#*:}" || servers+=("$pair")
done
((${#wanted[@]} + ${#servers[@]})) || exit 0

missing() { echo "test-deps: missing $1: $2"; }

if ! command -v apt-get >/dev/null || ((EUID != 0)); then
	for name in "${wanted[@]}" "${servers[@]%%:*}"; do
		missing "$name" "installing it needs apt-get and root"
	done
	exit 0
fi

work=$(mktemp -d)
policy=/usr/sbin/policy-rc.d
made_policy=
cleanup() {
	rm -rf "$work"
	[[ -z $made_policy ]] || rm -f "$policy"
}
trap cleanup EXIT

# Two checkouts may be tested at once on one machine.
exec 9>/run/lock/mirrortracker-test-deps
flock 9

# Exit code 101 tells every package script that it may not start its service.
if [[ ! -e $policy ]]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	made_policy=yes
fi

updated=
update() {
	[[ -n $updated ]] || apt-get -qq update >"$work/log" 2>&1 || true
	updated=yes
}

install_packages() {
	apt-get -qq -y --no-install-recommends install "$@" >"$work/log" 2>&1
}

# why prints apt's last complaint on one line.
why() { { grep '^E:' "$work/log" || tail -n 1 "$work/log"; } | head -n 1; }

# The package lists may be absent or older than the archive: update on failure.
# One package that cannot be had must not cost the others.
install_each() {
	(($# == 0)) || install_packages "$@" && return
	update
	install_packages "$@" && return
	local package
	for package; do
		install_packages "$package" || missing "$package" "$(why)"
	done
}

download() {
	(cd "$work" && apt-get -qq download "$1" >"$work/log" 2>&1)
}

# libraries prints the library packages that a package file depends on.
libraries() {
	dpkg-deb -f "$1" Depends | tr ',' '\n' |
		sed -E 's/\|.*//; s/\(.*//; s/[[:space:]]//g; s/:any$//' | grep '^lib'
}

install_each "${wanted[@]}"

for pair in "${servers[@]}"; do
	package=${pair%%:*}
	if ! download "$package"; then
		update
		download "$package" || { missing "$package" "$(why)"; continue; }
	fi
	file=$(echo "$work/${package}"_*.deb)
	mapfile -t libs < <(libraries "$file")
	install_each "${libs[@]}"
	mkdir -p "$cache"
	rm -rf "${cache:?}/$package"
	dpkg-deb -x "$file" "$cache/$package"
	complete "$cache/$package/${pair#*:}" || missing "$package" "a library is missing"
done
