#!/bin/sh
# Makes the secrets of the stack that are not there yet, each in the volume of who may read it and
# nowhere else. Runs before everything else at each start, and changes no secret that is there; files
# that only repeat secrets are written anew.
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
    chmod 0400 "$1.new"
    chown "$2" "$1.new"
    mv "$1.new" "$1"
    echo "wrote $1"
}

for database in user game; do
    password=/secrets/$database-database/password
    [ -s "$password" ] || fresh 24 | keep "$password" root:root
done
url() {
    echo "postgresql://waxwing:$(cat "/secrets/$1-database/password")@$1-database:5432/$1"
}

keep /secrets/waxwing/waxwing.toml "$waxwing" <<TOML
[postgres]
user = "$(url user)"
game = "$(url game)"
TOML

# Whoever is to look signs in as `admin` with this: docs/operations.md says how to read it.
[ -s /secrets/grafana/password ] || fresh 12 | keep /secrets/grafana/password "$grafana"
