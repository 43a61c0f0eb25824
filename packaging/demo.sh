#!/usr/bin/env bash
# From a bare checkout to results: installs what is missing, builds, runs the bundled job and shows its run folder.
set -euo pipefail
# shellcheck source=packaging/common.sh
. "$(dirname "$0")/common.sh"

usage() {
    cat <<END
usage: packaging/demo.sh [--no-window] [--out DIR]
  --no-window   do not open the window at the end
  --out DIR     where the run folders go (default: build/demo)
The window opens when there is a display (DISPLAY or WAYLAND_DISPLAY).
END
}

window=1
out=$top/build/demo
while [ $# -gt 0 ]; do
    case $1 in
        --no-window) window= ;;
        --out)
            if [ $# -lt 2 ]; then usage >&2 && exit 2; fi
            out=$2
            shift
            ;;
        --out=*) out=${1#--out=} ;;
        --help | -h) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done
out=$(realpath -m "$out")

"$top/packaging/setup.sh"
"$top/packaging/build.sh"

cli=$build_folder/app/qatelier-cli
say "Running the demo; run folders go to $out"
run mkdir -p "$out"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
run "$cli" demo --out "$out" | tee "$log" || status=$?
# 3: everything was done, but a gate failed; there is still something to look at.
if [ "$status" != 0 ] && [ "$status" != 3 ]; then exit "$status"; fi

run_folder=$(sed -n 's/.*run folder: //p' "$log" | tail -n 1)
cat <<END

Run folder:    ${run_folder:-$out}
  the model    exports/model.onnx, weights/final.safetensors
  accuracy     results.csv, run_summary.json
  layers       layer-sensitivity-report.md
Command line:  $cli --help
Window:        $build_folder/app/qatelier ${run_folder:-$out}
END
if [ "$status" = 3 ]; then warn "a gate failed; run_summary.json says which (gates)"; fi

if [ -n "$window" ] && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    say "Opening the window; close it to end this script"
    run "$build_folder/app/qatelier" "${run_folder:-$out}" || warn "the window could not be opened"
fi
exit "$status"
