#!/bin/sh
# Gives each container of the stack the secrets it needs and no others, each in a volume of its own.
# Runs before everything else at each start: what is missing is made, no secret that is there is
# changed but the key of tokens where it was replaced, and files that only repeat secrets are
# written anew.
set -eu
umask 077

waxwing=10001:10001
grafana=472:472

# So many random bytes, as hexadecimal digits.
fresh() {
    head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

# `keep FILE OWNER`: standard input becomes FILE, whole or not at all, for its owner alone.
keep() {
    rm -f "$1.new"
    cat >"$1.new"
    chmod 0600 "$1.new"
    chown "$2" "$1.new"
    mv "$1.new" "$1"
    echo "wrote $1"
}

# `hand ROLE KEY...`: the keys of the deployment that ROLE needs, where it has none yet.
hand() {
    role=/secrets/$1
    shift
    mkdir -p "$role/keys"
    for key in "$@"; do
        [ -e "$role/keys/$key" ] || keep "$role/keys/$key" "$waxwing" <"/secrets/all/keys/$key"
    done
    chown "$waxwing" "$role" "$role/keys"
    chmod 0700 "$role" "$role/keys"
}
public="service.user.public service.game.public service.gateway.public"
hand user service.user $public
# What `waxwing keys rotate` replaced, the list of old keys first: no token is without its key.
for key in tokens.retired tokens; do
    from=/secrets/all/keys/$key to=/secrets/user/keys/$key
    [ ! -e "$from" ] || cmp -s "$from" "$to" || keep "$to" "$waxwing" <"$from"
done
hand game seeds commitments service.game $public
hand gateway service.gateway $public

for name in user-database game-database; do
    [ -s "/secrets/$name/password" ] || fresh 24 | keep "/secrets/$name/password" root:root
done
# `database NAME`: the line that says where it is.
database() {
    echo "$1 = \"postgresql://waxwing:$(cat "/secrets/$1-database/password")@$1-database:5432/$1\""
}
# Who knows the password may show pictures of lobbies to gateways.
[ -s /secrets/nats/password ] || fresh 24 | keep /secrets/nats/password "$waxwing"
nats=$(cat /secrets/nats/password)
keep /secrets/nats/nats.conf "$waxwing" <<CONF
listen: "0.0.0.0:4222"
http: "127.0.0.1:8222"
authorization { user: "waxwing", password: "$nats" }
CONF
chown "$waxwing" /secrets/nats
found_by() {
    printf '[internal]\nnats = "nats://waxwing:%s@nats:4222"\n' "$nats"
}
for role in user game; do
    { found_by; echo "[postgres]"; database "$role"; } | keep "/secrets/$role/waxwing.toml" "$waxwing"
done
found_by | keep /secrets/gateway/waxwing.toml "$waxwing"
# Tools judge and repair both databases.
{ echo "[postgres]"; database user; database game; } | keep /secrets/all/waxwing.toml "$waxwing"

# Whoever is to look signs in as `admin` with this: docs/operations.md says how to read it.
[ -s /secrets/grafana/password ] || fresh 12 | keep /secrets/grafana/password "$grafana"
