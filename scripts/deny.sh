#!/usr/bin/env bash
# Checks every dependency against deny.toml. The first run builds cargo-deny into target/tools
# (about four minutes on two cores: it is compiled for a quick build, not for a quick run).
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
tools=target/tools
deny=$tools/bin/cargo-deny

if [ "$("$deny" --version 2>/dev/null || true)" != "cargo-deny $version" ]; then
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0 \
        cargo install --quiet --locked cargo-deny --version "$version" --no-default-features \
        --root "$tools" --target-dir "$tools/build"
    rm -rf "$tools/build"
fi
# Without advisories: see deny.toml.
exec "$deny" --locked check --hide-inclusion-graph bans licenses sources
