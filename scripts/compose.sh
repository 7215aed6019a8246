#!/usr/bin/env bash
# What somebody does with the stack of docker-compose.yml on the first day: build it, start it, play a
# round, look at the numbers, see a node die in mid-round, take it all down. Under a project name and
# ports of its own, so that it stands beside another one. Works with the compose plugin and with 1.29.
set -euo pipefail
cd "$(dirname "$0")/.."

project=waxwing-test
export WAXWING_PORT=${WAXWING_PORT:-18080} GRAFANA_PORT=${GRAFANA_PORT:-13000}
base=http://127.0.0.1:$WAXWING_PORT
export WAXWING_PUBLIC_URL=$base
# Nobody can allow more open files than he may have himself.
hard=$(ulimit -Hn)
if [ "$hard" != unlimited ] && [ "$hard" -lt 65536 ]; then export NOFILE=$hard; fi
# The service whose containers play lobbies.
players=game
said=$(mktemp)

say() { printf '%(%T)T %s\n' -1 "$*"; }
fail() {
    say "$*" >&2
    exit 1
}

# From 23 on a client builds with BuildKit only by buildx: the first one that can, of those there are.
can_build() {
    "$1" buildx version >/dev/null 2>&1 || [ "$("$1" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -lt 23 ]
}
for docker in $(type -ap docker); do
    if can_build "$docker"; then
        PATH=$(dirname "$docker"):$PATH
        break
    fi
done
docker info >/dev/null || fail "Docker does not run"
compose=(docker compose)
docker compose version >/dev/null 2>&1 || compose=(docker-compose)
export DOCKER_BUILDKIT=1 COMPOSE_DOCKER_CLI_BUILD=1

stack() { "${compose[@]}" -p "$project" "$@"; }
ask() { docker exec "$prometheus" promtool query instant http://127.0.0.1:9090 -- "$1"; }

finish() {
    local status=$?
    if [ "$status" -ne 0 ]; then
        stack ps || true
        stack logs --tail=40 || true
    fi
    say "down"
    stack down --volumes --remove-orphans --timeout 60 >/dev/null 2>&1 || true
    rm -f "$said"
    exit "$status"
}
trap finish EXIT

# `wait_for SECONDS WHAT COMMAND...`
wait_for() {
    local seconds=$1 what=$2
    shift 2
    for _ in $(seq "$seconds"); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 1
    done
    fail "waited $seconds s in vain for $what"
}

is_healthy() {
    local id
    for id in $(stack ps -q); do
        case $(docker inspect -f '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}} {{.State.ExitCode}}{{end}}' "$id") in
        healthy | "exited 0") ;;
        *) return 1 ;;
        esac
    done
}

# Every process of ours is asked, and answers.
targets() {
    [ "$(ask 'count(up{job="waxwing"} == 1)' | grep -c "=> $1 ")" = 1 ]
}

# The container that plays lobby 1: the only lobby there is.
owner() {
    local address id
    address=$(ask 'waxwing_game_lobbies == 1' | sed -n 's/.*instance="\([^:"]*\):.*/\1/p' | head -1)
    for id in $(stack ps -q "$players"); do
        docker inspect -f '{{.Config.Hostname}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{range .Aliases}}{{.}} {{end}}{{end}}' "$id" |
            grep -qwF "$address" && echo "$id" && return 0
    done
    return 1
}

say "build"
scripts/deps.sh page
stack build ${BUILD_ARGUMENTS:-} || fail "the image cannot be built"
say "up"
stack up -d
wait_for 180 "every container to be healthy" is_healthy
wait_for 60 "the door" curl -fsS "$base/gateway/status"
stack ps
prometheus=$(stack ps -q prometheus)

say "what is published, and where"
published=$(stack ps -q | xargs docker inspect -f '{{range $port, $to := .NetworkSettings.Ports}}{{range $to}}{{.HostIp}} {{$port}}{{"\n"}}{{end}}{{end}}' | sed '/^$/d' | sort)
[ "$published" = "$(printf '127.0.0.1 3000/tcp\n127.0.0.1 8080/tcp')" ] || fail "published: $published"
curl -fsS "$base/metrics" >/dev/null 2>&1 && fail "the numbers are public"
curl -fsS "$base/" | grep -q '<html' || fail "there is no page"

say "who stands beside each database"
for role in user game; do
    beside=$(docker network inspect -f '{{range .Containers}}{{.Name}}{{"\n"}}{{end}}' "${project}_${role}s" | sed '/^$/d')
    [ "$(grep -cE "[-_]$role(-database)?[-_][0-9]+$" <<<"$beside")" = 3 ] || fail "with the $role database: $beside"
    [ "$(wc -l <<<"$beside")" = 3 ] || fail "with the $role database: $beside"
done

say "a round"
node scripts/compose_player.mjs round "$base"

say "Prometheus' targets"
# A gateway, two of each other role.
wait_for 60 "all targets" targets 5
ask 'up{job="waxwing"}'

say "every query of every dashboard"
sleep 15
count=0
while IFS=$'\t' read -r board panel query; do
    answer=$(ask "$query" </dev/null)
    [ -n "$answer" ] || fail "$board, $panel: no data for $query"
    count=$((count + 1))
done < <(node scripts/compose_queries.mjs)
[ "$count" -gt 50 ] || fail "only $count queries"
say "$count queries answered"
curl -fsS "http://127.0.0.1:$GRAFANA_PORT/api/health" >/dev/null

say "a node dies in mid-round"
victim=$(owner) || fail "nobody plays lobby 1"
node scripts/compose_player.mjs death "$base" >"$said" &
player=$!
shown=0
while kill -0 "$player" 2>/dev/null; do
    climbs=$(grep -c '^climbing' "$said" || true)
    if [ "$climbs" -gt "$shown" ]; then
        shown=$climbs
        docker kill --signal KILL "$victim" >/dev/null
        say "killed $(docker inspect -f '{{.Name}}' "$victim")"
        # What is killed by hand stays dead: the other node takes over.
        sleep 6
        wait_for 60 "the lobby to be played again" owner
        docker start "$victim" >/dev/null
        victim=$(owner)
    fi
    sleep 0.05
done
wait "$player" || { cat "$said"; fail "the round did not end rightly"; }
cat "$said"

say "another round, on what is left"
node scripts/compose_player.mjs round "$base"
say "the books"
stack run --rm tool check --config /keys/waxwing.toml
say "all is well"
