#!/usr/bin/env bash
# Lets libFuzzer look for an input that breaks a promise of `crates/fuzzing`, on the compiler of
# this repository: coverage by LLVM's own pass, no sanitizer, since nothing there is `unsafe`.
#
#   scripts/fuzzing.sh TARGET SECONDS     looks, and keeps what is new below target/fuzzing
#   scripts/fuzzing.sh TARGET minimise    makes fuzz/corpus/TARGET anew of all that was found
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:?which target: codec, handshake, messages, tokens or bodies}
what=${2:?for how many seconds, or minimise}
triple=$(rustc -vV | sed -n 's/^host: //p')
found=target/fuzzing/found/$target
kept=fuzz/corpus/$target
# Inputs that could not be kept for their size are not looked for.
bytes_max=2048

# With --target the flags reach neither build scripts nor macros, which have no libFuzzer.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing" \
    cargo build --quiet --release --manifest-path fuzz/Cargo.toml --bin "$target" \
    --target "$triple" --target-dir target/fuzzing
fuzzer=target/fuzzing/$triple/release/$target
mkdir -p "$found" "$kept"

if [ "$what" = minimise ]; then
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    # Prefers the smallest input for each thing that can be reached; its name is its hash.
    "$fuzzer" -merge=1 -max_len=$bytes_max "$fresh" "$kept" "$found"
    rm -rf "$kept"
    mkdir -p "$kept"
    cp "$fresh"/* "$kept"/
    exit
fi
exec "$fuzzer" -max_total_time="$what" -max_len=$bytes_max -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="target/fuzzing/" "$found" "$kept"
