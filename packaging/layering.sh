#!/usr/bin/env bash
# Checks that no folder includes what its layer must not know. Prints each offending line; status 1 if there is one.
set -euo pipefail
# shellcheck source=packaging/common.sh
. "$(dirname "$0")/common.sh"
cd "$top"

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

refuse '[<"](Qt|Q[A-Z])' "core/ and the command line must not include Qt" core app/cli
refuse '[<"](torch|ATen|c10|caffe2)/' "ui/ must not include libtorch" ui
refuse '[<"]torch/torch\.h' "torch/torch.h costs 10 s a file; include ATen" core ui app tests bench
refuse '[<"](torch|ATen|c10)/' "headers of these layers must not include libtorch" \
    --exclude='*.cpp' core/base core/config core/graph core/report core/runs core/session
exit "$status"
