#!/usr/bin/env bash
# Runs every test of the workspace. With cargo-nextest where it is installed, for its speed and its
# summary; with plain `cargo test` elsewhere, since building nextest takes longer than it saves.
set -euo pipefail
cd "$(dirname "$0")/.."

if cargo nextest --version >/dev/null 2>&1; then
    # nextest does not run the examples in the documentation, so they come first.
    cargo test --workspace --locked --doc --quiet
    cargo nextest run --workspace --locked --no-fail-fast "$@"
else
    cargo test --workspace --locked --no-fail-fast "$@"
fi
# Traces need a feature that no other test has. Of the whole workspace, so that what others wrote keeps
# its features and is not compiled anew. Whoever asks for some tests
# does not wait for these.
[ $# -gt 0 ] || exec cargo test --workspace --test e2e --features waxwing/otlp --locked traces::
