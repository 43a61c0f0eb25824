#!/usr/bin/env bash
# Checks that clang-format would change no source. Versions of it differ, so only the one named here is asked; without
# it a warning says what was left out.
set -euo pipefail
# shellcheck source=packaging/common.sh
. "$(dirname "$0")/common.sh"
cd "$top"

usage() {
    cat <<END
usage: packaging/format.sh [--fix]
  --fix   write what clang-format makes of the sources
END
}

mode=(--dry-run -Werror --ferror-limit=1)
case ${1:-} in
    "") ;;
    --fix) mode=(-i) ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
esac

version=14
tool=$(command -v clang-format-$version || command -v clang-format || true)
if [ -z "$tool" ] || ! "$tool" --version | grep -q "version $version\."; then
    warn "clang-format $version is not installed: the format of the sources is not checked"
    exit 0
fi
sources() { find core ui app tests bench -name '*.h' -print0 -o -name '*.cpp' -print0; }
sources | xargs -0 -n 40 -P "$(nproc)" "$tool" "${mode[@]}" ||
    die "not formatted; to mend it: packaging/format.sh --fix"
