#!/usr/bin/env bash
# Configures and builds the release preset in build/release.
set -euo pipefail
# shellcheck source=packaging/common.sh
. "$(dirname "$0")/common.sh"

usage() {
    cat <<END
usage: packaging/build.sh [--tests]
  --tests   also the tests and benchmarks
QATELIER_JOBS sets how many compilers run at once (else: cores, with 1.5 GiB of memory for each).
END
}

extras=OFF
while [ $# -gt 0 ]; do
    case $1 in
        --tests) extras=ON ;;
        --help | -h) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done

cd "$top"
jobs=$(job_count)
say "Building in $build_folder with $jobs jobs"
run cmake --preset release -DQATELIER_TESTS=$extras -DQATELIER_BENCH=$extras
run cmake --build --preset release -j "$jobs"
