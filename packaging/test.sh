#!/usr/bin/env bash
# Everything that must hold before a change goes in: format, sizes, layering, build without warnings, window start,
# tests. The status is 0 only if all of it does; the last line is the result line of ctest.
set -euo pipefail
# shellcheck source=packaging/common.sh
. "$(dirname "$0")/common.sh"

usage() {
    cat <<END
usage: packaging/test.sh
QATELIER_TEST_ASSETS names a folder with reference data; without it the tests that need it are left out and say so.
END
}

case ${1:-} in
    "") ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
esac

export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=10000 QT_QPA_PLATFORM=offscreen
failed=()

# Exported files are run in ONNX Runtime where npm can fetch it.
install_runtime() {
    local folder=$top/tests/runtime
    local without="tests that run exported files in ONNX Runtime are left out (ctest lists them as skipped)"
    if [ -d "$folder/node_modules/onnxruntime-node" ]; then return; fi
    if ! command -v npm >/dev/null; then
        warn "npm is not installed: $without"
        return
    fi
    # Scripts of packages stay off: this one's would download GPU libraries.
    (cd "$folder" && run timeout 600 npm install --ignore-scripts --no-audit --no-fund \
        --fetch-retries=1 --fetch-timeout=60000) ||
        warn "npm could not install onnxruntime-node: $without"
}

# window_shot NAME ARGUMENTS...: the window starts on a display, draws itself and ends.
window_shot() {
    local picture=$build_folder/window-$1.png
    shift
    rm -f "$picture"
    run env QT_QPA_PLATFORM=xcb XDG_CONFIG_HOME="$build_folder/window-home" XDG_DATA_HOME="$build_folder/window-home" \
        timeout 120 xvfb-run -a -s "-screen 0 1680x1050x24" \
        "$build_folder/app/qatelier" --screenshot "$picture" "$@" || return 1
    [ -n "${QATELIER_DRY_RUN:-}" ] || [ -s "$picture" ]
}

check_window() {
    window_shot welcome --theme light && window_shot configure --theme dark --page configure "$top/configs/demo.yaml"
}

"$top/packaging/setup.sh" --tests

say "Checking format, sizes and layering"
"$top/packaging/format.sh" || failed+=("format")
"$top/packaging/sizes.sh" || failed+=("sizes")
"$top/packaging/layering.sh" || failed+=("layering")

"$top/packaging/build.sh" --tests
if [ -z "${QATELIER_DRY_RUN:-}" ]; then
    "$top/packaging/layering.sh" --built || failed+=("layering of what was built")
fi
install_runtime

say "Starting the window"
check_window || failed+=("window start")

say "Running the tests"
if [ -z "${QATELIER_TEST_ASSETS:-}" ]; then
    warn "QATELIER_TEST_ASSETS is not set: comparisons with reference data are left out (ctest lists them as skipped)"
fi
cd "$top"
log=$build_folder/ctest.log
run mkdir -p "$build_folder"
if [ -n "${QATELIER_DRY_RUN:-}" ]; then log=/dev/null; fi
run ctest --preset release -j "$(job_count)" | tee "$log" || failed+=("tests")

echo
if [ ${#failed[@]} -gt 0 ]; then printf 'failed: %s\n' "${failed[@]}"; fi
grep -E '[0-9]+% tests passed' "$log" | tail -n 1 || true
[ ${#failed[@]} = 0 ]
