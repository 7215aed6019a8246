# One command for each thing, a line each. What CI runs is what you run.
.PHONY: help run test e2e page types lint fmt tidy alerts docs deny failpoints ready powerloss planted simulate soak page-soak torture outages takeover rolling schemathesis fuzz fuzzing bench bench-gateway bench-fanout bench-quick bets up down test-compose deps ci
.DEFAULT_GOAL := help
# The steps of `ci` in their order, also with -j: what is missing is installed first.
.NOTPARALLEL:

help: ## Say what each command does.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: ## Build, the page too, start the whole game on http://127.0.0.1:8080, say where to look.
	@scripts/deps.sh page && cargo build --locked --package waxwing && echo "When it says ready, open http://127.0.0.1:8080; its calls are at /gateway/docs, its numbers at http://127.0.0.1:9464/metrics." && exec target/debug/waxwing up

test: deps ## Install what the tests need, then run them all.
	@scripts/test.sh

e2e: deps ## Run the end-to-end tests; with STORE=postgres (or apart) those not about files, on PostgreSQL (and roles apart).
	@scripts/e2e.sh $(or $(STORE),files)

page: ## Build the page people play on; the next cargo build puts it into the binary.
	@scripts/deps.sh page

types: page ## Write the page's types anew from the documents of a server that runs on :8080.
	node web/scripts/types.mjs http://127.0.0.1:8080

lint: ## What the compiler's reviewer says of every target.
	cargo fmt --all --check && cargo clippy --workspace --all-targets --locked -- -D warnings && cargo clippy --workspace --all-targets --features waxwing/otlp --locked -- -D warnings && npm --prefix web run --silent lint

fmt: ## Lay out every file.
	cargo fmt --all

tidy: ## The rules of the house: arrows, names, lengths, documents.
	cargo test --locked --quiet --package tidy

alerts: deps ## Whether each alert fires for what it is about, and only then.
	scripts/alerts.sh

docs: ## Build the documentation; a broken link is an error.
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

deny: ## Licences, bans and sources of every dependency.
	@scripts/deny.sh

schemathesis: deps ## Ask every HTTP call what nobody thought of, for ten minutes; the seed is printed.
	E2E_FUZZ_SECONDS=$${SECONDS_TO_RUN:-600} cargo test --locked --package waxwing --test e2e fuzz::http -- --nocapture

failpoints: ## Die at every failpoint with a thousand bets in the round; takes minutes.
	FAILPOINTS=all cargo test --locked --package waxwing --test e2e failpoints::a_death_with_a_thousand

ready: ## Die with ten thousand open bets in a release build, and be back within a second.
	@scripts/deps.sh build && cargo build --release --locked --quiet --package waxwing && E2E_BINARY=$(CURDIR)/target/release/waxwing READY_WITHIN_MS=1000 cargo test --locked --package waxwing --test e2e ten_thousand:: -- --nocapture

powerloss: ## Cut the power LOSSES times under load, on a disk that forgets what was not synced.
	@scripts/deps.sh build && cargo build --locked --package waxwing --example on_forgetful_disk && POWER_LOSSES=$(or $(LOSSES),200) cargo test --locked --package waxwing --test e2e power_loss:: -- --nocapture --test-threads=1

planted: ## Make every mistake of kernel::planted on purpose; each must break its rule.
	@scripts/planted.sh

simulate: ## Live through SEEDS worlds of ROUNDS rounds under every kind of fault, and judge them.
	@scripts/deps.sh build && cargo build --release --locked --quiet --package simulator && target/release/simulator --seeds $(or $(SEEDS),200) --from $(or $(FROM),1) --rounds $(or $(ROUNDS),1000) --jobs $$(nproc) --commit $$(git rev-parse --short HEAD)

fuzz: deps ## Send both kinds of sockets what their document allows and forbids, for ten minutes.
	E2E_FUZZ_SECONDS=$${SECONDS_TO_RUN:-600} cargo test --locked --package waxwing --test e2e fuzz::sockets -- --nocapture

fuzzing: ## Let libFuzzer search TARGET (codec, handshake, messages, tokens, bodies) for SECONDS.
	@scripts/deps.sh fuzzing && scripts/fuzzing.sh $(or $(TARGET),messages) $(or $(SECONDS),600)

soak: ## Play ROUNDS rounds of PLAYERS players on a release build; memory and open files must stay flat.
	@scripts/deps.sh build && cargo build --release --locked --quiet --package waxwing && E2E_BINARY=$(CURDIR)/target/release/waxwing SOAK_ROUNDS=$(or $(ROUNDS),10000) SOAK_PLAYERS=$(or $(PLAYERS),100) cargo test --locked --package waxwing --test e2e soak:: -- --nocapture

page-soak: deps ## Watch ROUNDS rounds of PLAYERS live bets in Chromium; what the page holds must stay flat.
	@cargo build --release --locked --quiet --package waxwing && E2E_BINARY=$(CURDIR)/target/release/waxwing PAGE_SOAK_ROUNDS=$(or $(ROUNDS),100) PAGE_SOAK_PLAYERS=$(or $(PLAYERS),2000) cargo test --locked --package waxwing --test e2e page::a_page_that_watches -- --nocapture

torture: ## Kill, stop, cut off and starve a release build for MINUTES under load; two judges look at what is left.
	@scripts/deps.sh build && cargo build --release --locked --quiet --package waxwing --package checker && E2E_BINARY=$(CURDIR)/target/release/waxwing E2E_CHECKER=$(CURDIR)/target/release/checker TORTURE_MINUTES=$(or $(MINUTES),70) cargo test --locked --package waxwing --test e2e torture:: -- --nocapture --test-threads=1

outages: ## Take NATS, then each database away for SECONDS under load of a release build; what goes on, and how soon all does.
	@scripts/deps.sh build && cargo build --release --locked --quiet --package waxwing --package checker && E2E_BINARY=$(CURDIR)/target/release/waxwing E2E_CHECKER=$(CURDIR)/target/release/checker OUTAGE_SECONDS=$(or $(SECONDS),60) cargo test --locked --package waxwing --test e2e torture::outages:: -- --nocapture

takeover: ## Kill N game nodes of a release build under load; how long until others play their lobbies.
	@scripts/deps.sh build && cargo build --release --locked --quiet --package waxwing --package checker && E2E_BINARY=$(CURDIR)/target/release/waxwing E2E_CHECKER=$(CURDIR)/target/release/checker TAKEOVERS=$(or $(N),100) cargo test --locked --package waxwing --test e2e torture::takeover:: -- --nocapture

rolling: ## Restart every process of a release build in turn under RATE bets a second; none may fail twice.
	@scripts/deps.sh build && cargo build --release --locked --quiet --package waxwing && E2E_BINARY=$(CURDIR)/target/release/waxwing ROLLING_RATE=$(or $(RATE),500) cargo test --locked --package waxwing --test e2e torture::rolling:: -- --nocapture

bench: ## Measure a release build and print the table.
	@scripts/deps.sh bench && cargo build --release --locked --quiet --package waxwing && cargo run --release --locked --quiet --package bench

bench-gateway: ## What the gateway adds to a call, beside what nginx adds to the same.
	@scripts/deps.sh bench && cargo build --release --locked --quiet --package waxwing && cargo run --release --locked --quiet --package bench -- gateway

bench-fanout: ## Measure what one frame to everyone costs, ours beside other people's servers; 15 minutes.
	@scripts/deps.sh bench && cargo build --release --locked --quiet --package waxwing --package peers --package bench && target/release/bench fanout

bench-quick: ## A short form of bets on sockets and of bench-fanout, in three minutes.
	@scripts/deps.sh bench && cargo build --release --locked --quiet --package waxwing --package peers --package bench && target/release/bench quick

bets: ## Send RATE bets a second over real sockets for SECONDS; how long until each is acknowledged.
	@scripts/deps.sh build && cargo build --release --locked --quiet --package waxwing && cargo run --release --locked --quiet --package bench -- bets $(or $(RATE),2000) $(or $(SECONDS),30)

up: ## Build the image and start the stack of docker-compose.yml: http://127.0.0.1:8080, Grafana on :3000.
	docker compose up --build --detach

down: ## Stop the stack; what is stored stays.
	docker compose down

test-compose: ## Do with the stack what its user would: play, look at its numbers, kill a node in mid-round.
	@scripts/compose.sh

deps: ## Install what the tests need and this machine lacks.
	@scripts/deps.sh tests

ci: deps lint tidy alerts docs deny planted test ## Everything that must be green; the tests come last.
