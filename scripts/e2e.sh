#!/usr/bin/env bash
# Runs the end-to-end tests: `e2e.sh files` all of them, `e2e.sh postgres` those that are not about
# files, each place with a PostgreSQL of its own, `e2e.sh apart` those that are not about one process
# either, each place with two gateways, two user processes, three game nodes and a NATS as well.
set -euo pipefail
cd "$(dirname "$0")/.."

run=(cargo test --package waxwing --test e2e --locked --no-fail-fast)
if cargo nextest --version >/dev/null 2>&1; then
    run=(cargo nextest run --package waxwing --test e2e --locked --no-fail-fast)
fi
# What copies, damages, cuts or limits a data directory, and what measures one.
files=(power_loss:: ten_thousand:: check:: judge:: failpoints:: torture:: soak:: kill::fifty
    chains::an_older_copy chains::after_a_restore restores::older_files stall::)
# A missing key is known by the files beside it.
files+=(http::keys::a_key_that_is_missing)
# On shared databases a lobby is handed over at a stop, and what it still has to tell the wallet is
# its next owner's to send.
files+=(http::shutdown::a_round_with_a_bet_is_finished_first)
# A take-over leaves seeds out there, so the chain has gaps that are told.
files+=(rounds::seeds_form_one_chain)

# One alert watches the commits of files.
files+=(dashboards::every_alert)

# What one process alone does or counts: it is told to stop, is found by itself, counts its own failures
# of a name, or cuts the connection by its death (a gateway lives on and says 503).
alone=(http::shutdown::a_second_signal http::startup::a_second_server http::money::a_top_up_whose_answer
    http::operation::the_ops_listener http::accounts::guessing_elsewhere plain::a_stop_tells)
# What measures a page beside one process: nine and a crowd leave it no core.
alone+=(page::two_thousand)

store=${1:-files}
case $store in
files) exec "${run[@]}" ;;
postgres) ;;
apart) files+=("${alone[@]}") ;;
*)
    echo "e2e.sh: files, postgres or apart, not $1" >&2
    exit 2
    ;;
esac
skipped=()
for name in "${files[@]}"; do skipped+=(--skip "$name"); done
E2E_STORE=$store exec "${run[@]}" -- "${skipped[@]}"
