# Functions that the scripts of this folder share; sourced, not run. QATELIER_DRY_RUN=1 prints commands instead of
# running them.
# shellcheck shell=bash

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034  # used by the scripts that source this
build_folder=$top/build/release

say() { printf '\n== %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Runs the command, or prints it.
run() {
    if [ -n "${QATELIER_DRY_RUN:-}" ]; then
        printf '+'
        printf ' %q' "$@"
        printf '\n'
    else
        "$@"
    fi
}

# Memory in KiB that this process may still take: of the machine, or of its control group if that is less. File caches
# do not count, they make room.
free_memory_kib() {
    local free limit used
    free=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
    limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
    if [ "$limit" != max ]; then
        used=$(awk '$1 == "anon" {print $2}' /sys/fs/cgroup/memory.stat 2>/dev/null || echo 0)
        limit=$(((limit - ${used:-0}) / 1024))
        free=$((limit < free ? limit : free))
    fi
    echo "$free"
}

# As many compilers as there are cores, but 1.5 GiB of memory for each, and at least one. QATELIER_JOBS overrules it.
job_count() {
    local cores by_memory jobs
    cores=$(nproc)
    by_memory=$(($(free_memory_kib) / 1572864))
    jobs=$((by_memory < cores ? by_memory : cores))
    echo "${QATELIER_JOBS:-$((jobs > 0 ? jobs : 1))}"
}
