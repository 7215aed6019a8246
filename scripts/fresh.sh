#!/usr/bin/env bash
# Runs a command on a machine that has nothing: a clean clone of HEAD on a minimal Debian, with git,
# make and this machine's Rust toolchain, as the README promises. Needs root and debootstrap.
#
#   scripts/fresh.sh make test
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- make test
root=$(mktemp -d /var/tmp/waxwing-fresh.XXXXXX)
cargo_home=${CARGO_HOME:-$HOME/.cargo}
rustup_home=${RUSTUP_HOME:-$HOME/.rustup}
source=$(apt-cache policy | sed -n 's/^ *500 \(http[^ ]*\) \([a-z]*\)\/main .*/\1 \2/p' | head -n 1)
read -r mirror suite <<<"$source"
mounts=()

# Mounts a folder of this machine at the same place below the root.
lend() {
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
    mount --make-rslave "$root$1"
    mounts=("$root$1" "${mounts[@]}")
}

# Takes everything back; the folder goes only when nothing is mounted in it any more.
clean_up() {
    local mounted
    for mounted in "${mounts[@]}"; do
        umount -R "$mounted" || return 0
    done
    rm -rf --one-file-system "$root"
}
trap clean_up EXIT

debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$root" "$mirror"
# Where packages come from is this machine's affair: apt, pip and npm are told the same as here.
cp -rL /etc/apt/. "$root/etc/apt/"
cp -rL --remove-destination /etc/ssl/certs/. "$root/etc/ssl/certs/"
for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/npmrc "$HOME/.npmrc"; do
    [ ! -f "$file" ] || install -D -m 644 "$file" "$root$file"
done
git clone --quiet --no-hardlinks . "$root/waxwing"
lend /proc
lend /dev
lend "$cargo_home"
lend "$rustup_home"

chroot "$root" /usr/bin/env LANG=C.UTF-8 CARGO_HOME="$cargo_home" RUSTUP_HOME="$rustup_home" \
    PATH="$cargo_home/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    bash -c 'cd /waxwing && exec "$@"' fresh "$@"
