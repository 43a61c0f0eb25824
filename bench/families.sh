#!/bin/sh
# The table "Families at low widths" of the manual: what calibration alone leaves of detectors, a row each setting and
# a column each model, of those with two heads both. Markdown on standard output; runs that stand already are read.
#   bench/families.sh CLI DATA OUT MODEL...
#   CLI: the program. DATA: data.yaml, train calibrates and val measures. OUT: folder of the runs. MODEL: files.
set -eu
[ $# -ge 4 ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 2; }
cli=$1 data=$2 out=$3
shift 3
config=$(dirname "$0")/../configs/families_study.yaml
# What is wrong with a file, and what must be said of it, is said once.
for model; do "$cli" inspect "$model" > /dev/null; done
mkdir -p "$out"

# A line each: what it is called, and the settings that make it.
settings() {
    cat <<'ROWS'
W8A8, minmax|calibration.method=minmax
W8A8, percentile|calibration.method=percentile
W8A8, entropy|calibration.method=entropy
W8A8, mse|calibration.method=mse
W8A6, mse|quantization.activation.bit_width=6
W8A6, without branch policies|quantization.activation.bit_width=6 quantization.branch_policies=false
W8A16|quantization.activation.bit_width=16
W4A16|quantization.weight.bit_width=4 quantization.weight.observer=mse quantization.activation.bit_width=16
W4A8|quantization.weight.bit_width=4 quantization.weight.observer=mse
W4A8, repaired|quantization.weight.bit_width=4 quantization.weight.observer=mse repair.adaround=true repair.bias_correction=true
ROWS
}

# Of a key of the JSON that inspect writes.
fact() { "$cli" inspect "$1" --json - 2> /dev/null | sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" | head -n 1; }

# run MODEL HEAD FOLDER SETTINGS...
run() {
    model=$1 head=$2 folder=$3
    shift 3
    [ -e "$folder/done" ] && return
    rm -rf "$folder"
    set -- "$@" "model.architecture=$(fact "$model" architecture)" "model.variant=$(fact "$model" variant)"
    "$cli" run "$config" --data "$data" --out "$folder" --set "model.pretrained_path=$model" "model.head=$head" "$@" \
        > "$folder.log" 2>&1
    touch "$folder/done"
}

# mAP50-95 and recommended confidence of FP32 or PTQ in a run's last lines.
figures() {
    sed -n "s/^$2 *mAP50-95 \([0-9.]*\) .*recommended confidence \([0-9.]*\).*/\1 (\2)/p" "$1.log"
}

heads() {
    case $(fact "$1" head) in
        '') echo auto ;;
        *) echo one2one one2many ;;
    esac
}

# The columns, then a row each.
columns=
for model; do
    for head in $(heads "$model"); do columns="$columns $model|$head"; done
done
title='| mAP50-95 (recommended confidence) |' line='|---|'
for column in $columns; do
    name=$(basename "${column%|*}") head=${column#*|}
    [ "$head" = auto ] && head= || head=", $head"
    title="$title ${name%.*}$head |" line="$line---|"
done
echo "$title"
echo "$line"
row() {
    name=$1 wanted=$2 slug=$(echo "$1" | tr -c 'A-Za-z0-9\n' _)
    shift 2
    cells=
    for column in $columns; do
        model=${column%|*} head=${column#*|}
        folder=$out/$(basename "$model")-$head-$slug
        run "$model" "$head" "$folder" "$@"
        cells="$cells $(figures "$folder" "$wanted") |"
    done
    echo "| $name |$cells"
}
first=$(settings | head -n 1)
slugOfFirst=$(echo "${first%|*}" | tr -c 'A-Za-z0-9\n' _)
cells=
for column in $columns; do
    model=${column%|*} head=${column#*|}
    folder=$out/$(basename "$model")-$head-$slugOfFirst
    run "$model" "$head" "$folder" ${first#*|}
    cells="$cells $(figures "$folder" FP32) |"
done
echo "| FP32 |$cells"
settings | while IFS='|' read -r name sets; do row "$name" PTQ $sets; done
