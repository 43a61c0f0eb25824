#!/usr/bin/env bash
# Checks that no folder includes what its layer must not know. Prints each offence; status 1 if there is one.
set -euo pipefail
# shellcheck source=packaging/common.sh
. "$(dirname "$0")/common.sh"

usage() {
    cat <<END
usage: packaging/layering.sh [--built]
  --built   what the objects in build/release were compiled from, however many headers lie between,
            instead of the includes as they are written
END
}

status=0
# refuse PATTERN SENTENCE FOLDER...: no include in the folders may match.
refuse() {
    local pattern=$1 sentence=$2
    shift 2
    if grep -rnE --include='*.h' --include='*.cpp' "^[[:space:]]*#[[:space:]]*include[[:space:]]*$pattern" "$@"; then
        printf 'error: %s\n' "$sentence" >&2
        status=1
    fi
}

check_written() {
    cd "$top"
    refuse '[<"](Qt|Q[A-Z])' "core/ and the command line must not include Qt" core app/cli
    refuse '[<"](torch|ATen|c10|caffe2)/' "ui/ must not include libtorch" ui
    refuse '[<"]torch/torch\.h' "torch/torch.h costs 10 s a file; include ATen" core ui app tests bench
    refuse '[<"](torch|ATen|c10)/' "headers of these layers must not include libtorch" \
        --exclude='*.cpp' core/base core/config core/graph core/report core/runs core/session
}

# A library is compiled from the headers of the libraries it links, and from Qt's and libtorch's only if it links those;
# none of core/ may link Qt, none of ui/ libtorch. The compiler's own dependency files say what objects are made of;
# libtorch hides in the precompiled header.
check_built() {
    [ -s "$build_folder/layers.txt" ] || die "$build_folder is not configured; packaging/build.sh does it"
    ninja -C "$build_folder" -t deps | awk -v top="$top/" -v layers="$build_folder/layers.txt" '
        function offend(text) { if (!told[text]++) print "error: " text; bad = 1 }
        function reach(target, from,    count, parts, i) {  # all that the target links
            if ((target, from) in links) return
            links[target, from] = 1
            inside[target, folder[from]] = 1
            if (from == "qat_torch") inside[target, "libtorch"] = 1
            if (from ~ /^Qt6::/) inside[target, "Qt"] = 1
            count = split(deps[from], parts, " ")
            for (i = 1; i <= count; i++) reach(target, parts[i])
        }
        BEGIN {
            while ((getline line < layers) > 0) {
                name = line; sub(/ .*/, "", name)
                rest = substr(line, length(name) + 2)
                folder[name] = rest; sub(/ .*/, "", folder[name])
                deps[name] = substr(rest, length(folder[name]) + 2)
            }
            for (name in folder) names[name] = 1
            for (name in names) {
                reach(name, name)
                if (folder[name] ~ /^core\// && (name, "Qt") in inside) offend(name " links Qt")
                if (folder[name] ~ /^ui\// && (name, "libtorch") in inside) offend(name " links libtorch")
            }
        }
        /#deps/ {
            target = $1; sub(/.*CMakeFiles\//, "", target); sub(/\.dir\/.*/, "", target)
            known = target in names
            objects += known
            next
        }
        !known || NF == 0 { next }
        {
            header = index($1, top) == 1 ? substr($1, length(top) + 1) : $1
            if (header ~ /\/(ATen|torch|c10)\// || header ~ /qat_tensor_pch.*cmake_pch/) what = "libtorch"
            else if (header ~ /\/qt6\/Qt/) what = "Qt"
            else if (header ~ /^(core|ui)\/[^\/]+\/[^\/]+[.]h$/) { what = header; sub(/\/[^\/]*$/, "", what) }
            else next
            # Shapes and identities, without a library; and what the front door of the core (session/) shows the window,
            # whose programs link it: the real one or, in tests, a scripted one.
            if (header == "core/graph/types.h" || (folder[target] ~ /^ui\// && what ~ /^core\//)) next
            if (!((target, what) in inside)) offend(target " is compiled from " header " and does not link it")
        }
        END {
            if (!objects) offend("no object of a library is built")
            exit bad
        }' || status=1
}

case ${1:-} in
    "") check_written ;;
    --built) check_built ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
esac
exit "$status"
