#!/usr/bin/env bash
# Installs the Debian packages of packages.txt that are missing. Changes nothing when all are there.
set -euo pipefail
# shellcheck source=packaging/common.sh
. "$(dirname "$0")/common.sh"

usage() {
    cat <<END
usage: packaging/setup.sh [--tests] [--checks] [--list]
  --tests   also what the tests need
  --checks  also what checks the format and fuzzes
  --list    only print what is missing
QATELIER_DRY_RUN=1 prints the commands instead of running them.
END
}

list_only=
groups=(build)
extras=()
while [ $# -gt 0 ]; do
    case $1 in
        --tests) groups+=(test) extras+=(runtime) ;;
        --checks) extras+=(check) ;;
        --list) list_only=1 ;;
        --help | -h) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done
if [ -n "${WAYLAND_DISPLAY:-}" ] && [ -z "${DISPLAY:-}" ]; then groups+=(wayland); fi

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Packages of a group that are neither installed nor made needless by a program, one a line.
missing_of() {
    local group package program
    while read -r group package program _; do
        if [ "$group" != "$1" ] || is_installed "$package"; then continue; fi
        if [ "$program" != - ] && command -v "$program" >/dev/null; then continue; fi
        echo "$package"
    done <"$top/packaging/packages.txt"
}

# Root works directly, anyone else through sudo.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        run env DEBIAN_FRONTEND=noninteractive "$@"
    else
        run sudo env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

require_root() {
    if [ "$(id -u)" = 0 ] || [ -n "${QATELIER_DRY_RUN:-}" ]; then return; fi
    command -v sudo >/dev/null || die "packages are missing and neither root nor sudo is at hand; install as root: $*"
    # Without a terminal nobody could type a password.
    if ! sudo -n true 2>/dev/null && [ ! -t 0 ]; then
        die "packages are missing and sudo wants a password, but there is no terminal; install as root: $*"
    fi
}

apt_install() {
    as_root apt-get install -q -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}

# libtorch calls whatever BLAS the alternatives point to, and the reference BLAS is 10 times slower.
check_blas() {
    local link
    link=/usr/lib/$(gcc -print-multiarch 2>/dev/null)/libblas.so.3
    case $(readlink -f "$link" 2>/dev/null) in
        *openblas*) return ;;
    esac
    warn "$link is not OpenBLAS, so training and evaluation will be slow; to change it:" \
        "update-alternatives --config libblas.so.3-$(gcc -print-multiarch 2>/dev/null)"
}

needed=()
for group in "${groups[@]}"; do mapfile -t -O "${#needed[@]}" needed < <(missing_of "$group"); done
wanted=()
for group in "${extras[@]}"; do mapfile -t -O "${#wanted[@]}" wanted < <(missing_of "$group"); done

if [ -n "$list_only" ]; then
    printf '%s\n' "${needed[@]}" "${wanted[@]}" | sed '/^$/d'
    exit 0
fi
if [ ${#needed[@]} -gt 0 ] || [ ${#wanted[@]} -gt 0 ]; then
    command -v apt-get >/dev/null ||
        die "this is no Debian system; install what packaging/packages.txt lists: ${needed[*]} ${wanted[*]}"
    require_root "apt-get install --no-install-recommends ${needed[*]} ${wanted[*]}"
    say "Installing packages: ${needed[*]} ${wanted[*]}"
    as_root apt-get update -q || warn "the package lists could not be refreshed; trying with those that are there"
fi
if [ ${#needed[@]} -gt 0 ]; then
    apt_install "${needed[@]}" || die "apt could not install the packages; Qatelier is built and tested on Debian 12"
fi
# By themselves: a Node.js from elsewhere may conflict with Debian's npm, and the tests can do without.
if [ ${#wanted[@]} -gt 0 ]; then
    apt_install "${wanted[@]}" ||
        warn "not installed: ${wanted[*]}; what packaging/packages.txt says of them is left out"
fi
if [ -z "${QATELIER_DRY_RUN:-}" ]; then check_blas; fi
