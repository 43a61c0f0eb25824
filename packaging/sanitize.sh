#!/usr/bin/env bash
# Runs the readers of foreign bytes under the address and undefined-behaviour sanitizers, what has threads of its own
# under the thread sanitizer, and libFuzzer for some seconds on each reader. Only the folders they need are built, in
# build/asan-readers, build/tsan-threads and build/fuzz. The status is 0 only if nothing was found.
set -euo pipefail
# shellcheck source=packaging/common.sh
. "$(dirname "$0")/common.sh"

usage() {
    cat <<END
usage: packaging/sanitize.sh [address] [thread] [fuzz]   (default: all three)
QATELIER_FUZZ_SECONDS sets how long each reader is fuzzed (else 5); the corpora grow in build/fuzz/corpus.
END
}

parts=()
for part in "$@"; do
    case $part in
        address | thread | fuzz) parts+=("$part") ;;
        --help | -h) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
done
if [ ${#parts[@]} = 0 ]; then parts=(address thread fuzz); fi

failed=()
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Short files by the thousand: in memory, where the system has such a folder.
if [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive QT_QPA_PLATFORM=offscreen
folder=$top/packaging/sanitizers
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export LSAN_OPTIONS=suppressions=$folder/leaks.txt:print_suppressions=0
export TSAN_OPTIONS=suppressions=$folder/threads.txt:halt_on_error=1:second_deadlock_stack=1

build() {
    say "Building $1"
    (cd "$top" && run cmake --preset "$1" && run cmake --build --preset "$1" -j "$(job_count)")
}

# run_tests PRESET [COMMAND...]: each test program that the preset builds, started by the command.
run_tests() {
    local preset=$1 program
    shift
    for program in "$top/build/$preset"/tests/*/test_*; do
        if [ ! -x "$program" ] || [ -d "$program" ]; then continue; fi
        say "$preset: ${program##*/}"
        run "$@" "$program" --gtest_brief=1 || failed+=("$preset ${program##*/}")
    done
}

check_addresses() {
    build asan-readers || { failed+=("build of asan-readers") && return; }
    run_tests asan-readers
}

# GCC's thread sanitizer wants its memory where older kernels put it, so addresses are not drawn by chance.
check_threads() {
    local plain=()
    if setarch "$(uname -m)" -R true 2>/dev/null; then plain=(setarch "$(uname -m)" -R); fi
    build tsan-threads || { failed+=("build of tsan-threads") && return; }
    run_tests tsan-threads "${plain[@]}"
}

fuzz_reader() {
    local name=$1 corpus=$top/build/fuzz/corpus/$1 log=$scratch/$1.log
    run mkdir -p "$corpus" "$top/build/fuzz/found"
    if run env QATELIER_FUZZ="$name" "$top/build/fuzz/tests/fuzz/fuzz_reader" \
        -max_total_time="${QATELIER_FUZZ_SECONDS:-5}" \
        -rss_limit_mb=4096 -timeout=20 -artifact_prefix="$top/build/fuzz/found/$name-" "$corpus" >"$log" 2>&1; then
        printf '%-14s %s\n' "$name" "$(grep -E '^Done|stat::number_of_executed' "$log" | tail -n 1)"
    else
        tail -n 40 "$log"
        failed+=("fuzzing of $name")
    fi
}

check_fuzz() {
    if ! command -v clang++ >/dev/null; then
        warn "clang is not installed: the readers are not fuzzed"
        return
    fi
    build fuzz || { failed+=("build of fuzz") && return; }
    say "Fuzzing"
    local name
    while read -r name; do fuzz_reader "$name"; done < <(
        sed -n 's/^ *{"\([a-z_]*\)", judge.*/\1/p' "$top/tests/fuzz/target.cpp"
    )
}

for part in "${parts[@]}"; do
    start=$SECONDS
    case $part in
        address) check_addresses ;;
        thread) check_threads ;;
        fuzz) check_fuzz ;;
    esac
    say "$part took $((SECONDS - start)) s"
done
if [ ${#failed[@]} -gt 0 ]; then printf 'failed: %s\n' "${failed[@]}"; fi
[ ${#failed[@]} = 0 ]
