#!/usr/bin/env bash
# Installs what building (`deps.sh build`), building with the page (`deps.sh page`, which also builds
# it), testing (`deps.sh tests`, the page too), fuzzing (`deps.sh fuzzing`) or measuring beside others
# (`deps.sh bench`) needs and this machine lacks. What is missing afterwards is an error: no test skips
# itself for want of a client, and no bench for want of a peer.
set -euo pipefail
cd "$(dirname "$0")/.."

clients=crates/waxwing/tests/clients
peers=crates/peers/js
venv=target/venv
missing=()

# `needs PACKAGE COMMAND...`: notes the Debian package if the command fails.
needs() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

# Installs the packages noted by `needs`, with sudo for who is not root.
install_missing() {
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "please install: ${missing[*]}" >&2
        exit 1
    fi
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    echo "installing ${missing[*]}"
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# The C compiler links Rust and builds SQLite.
needs gcc cc --version
needs libc6-dev test -e /usr/include/stdio.h
# libFuzzer is C++.
[ "${1:-tests}" != fuzzing ] || needs g++ c++ --version
if [[ " page tests bench " == *" ${1:-tests} "* ]]; then
    # The page; the foreign clients of the end-to-end tests: socket.io-client and python-socketio; peers.
    needs nodejs node --version
    needs npm npm --version
fi
if [ "${1:-tests}" = tests ]; then
    # A browser's own WebSocket.
    needs chromium chromium --version
    # The servers that tests start for themselves.
    needs postgresql-15 test -x /usr/lib/postgresql/15/bin/postgres
    needs nats-server nats-server --version
    # Certificates of their own, and a client that speaks HTTP/2 over TLS.
    needs openssl openssl version
    needs curl curl --version
    # What judges the rules of deploy/prometheus.
    needs prometheus promtool --version
    needs python3 python3 --version
    needs python3-venv python3 -c 'import venv, ensurepip'
fi
if [ "${1:-tests}" = bench ]; then
    # What the gateway is measured with: its servers, and the proxy beside it.
    needs postgresql-15 test -x /usr/lib/postgresql/15/bin/postgres
    needs nats-server nats-server --version
    needs nginx nginx -v
    # Pins servers and their crowd to cores.
    needs util-linux taskset --version
fi
install_missing
if [ "${1:-tests}" = bench ] && [ ! "$peers/node_modules/.package-lock.json" -nt "$peers/package-lock.json" ]; then
    npm ci --prefix "$peers" --ignore-scripts --no-audit --no-fund --loglevel=error
fi
case "${1:-tests}" in build | fuzzing | bench) exit 0 ;; esac

# Nothing a package brings runs while it is installed.
if [ ! web/node_modules/.package-lock.json -nt web/package-lock.json ]; then
    npm ci --prefix web --ignore-scripts --no-audit --no-fund --loglevel=error
fi
built=web/dist/page/index.html
if [ ! -f "$built" ] || [ -n "$(find web/src web/client/src web/public web/scripts web/*.* -newer "$built" -print -quit)" ]; then
    npm --prefix web run --silent build
fi
[ "${1:-tests}" = tests ] || exit 0

if [ ! "$clients/node_modules/.package-lock.json" -nt "$clients/package-lock.json" ]; then
    # Nothing a package brings runs while it is installed.
    npm ci --prefix "$clients" --ignore-scripts --no-audit --no-fund --loglevel=error
fi
if ! cmp -s "$clients/requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$clients/requirements.txt"
    cp "$clients/requirements.txt" "$venv/requirements.txt"
fi
