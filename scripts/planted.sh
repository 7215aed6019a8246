#!/usr/bin/env bash
# Tests that every mistake of kernel::planted is alive, its rule kept without it and broken with it,
# and that the simulator's judge catches each; prints by which rule and how fast.
set -euo pipefail
cd "$(dirname "$0")/.."

crates=(kernel ledger engine platform game gateway simulator)
packages=() features=()
for crate in "${crates[@]}"; do
    packages+=(--package "$crate")
    features+=("$crate/planted")
done
features=$(IFS=,; echo "${features[*]}")

if cargo nextest --version >/dev/null 2>&1; then
    exec cargo nextest run --locked --no-fail-fast "${packages[@]}" --features "$features" planted
fi
exec cargo test --locked --no-fail-fast "${packages[@]}" --features "$features" planted \
    -- --nocapture
