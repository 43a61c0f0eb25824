#!/bin/sh
# Compares qatelier-bench with eager PyTorch on the same work: both take turns, and ratios are taken within a round.
# Usage: compare_eager.sh BENCH [ROUNDS] [--quick]     BENCH: build/<preset>/bench/qatelier-bench, ROUNDS: at least 3
#
# Both run on as many threads as there are cores. OMP_WAIT_POLICY is PyTorch's own default (spinning) unless it is set:
# on a busy machine set it to passive, or the comparison flatters us.
set -eu

bench=${1:?usage: compare_eager.sh BENCH [ROUNDS] [--quick]}
rounds=${2:-3}
quick=${3:-}
python=${PYTHON:-/usr/bin/python3}
here=$(dirname "$0")
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

if [ "$rounds" -lt 3 ]; then
    echo "compare_eager.sh: at least 3 rounds" >&2
    exit 2
fi

round=1
while [ "$round" -le "$rounds" ]; do
    echo "round $round of $rounds" >&2
    # shellcheck disable=SC2086
    "$bench" --filter train.surrogate --filter inference. --json "$results/ours.$round.json" $quick >/dev/null
    # shellcheck disable=SC2086
    "$python" "$here/eager_step.py" --threads "$(nproc)" $quick >"$results/eager.$round.json"
    round=$((round + 1))
done

"$python" - "$results" "$rounds" <<'SUMMARY'
import json
import statistics
import sys

folder, rounds = sys.argv[1], int(sys.argv[2])


def values(side):
    files = [json.load(open(f"{folder}/{side}.{i + 1}.json")) for i in range(rounds)]
    return {row["name"]: [next(r["value"] for r in rows if r["name"] == row["name"]) for rows in files]
            for row in files[0]}


ours, eager = values("ours"), values("eager")
print(f"{'name':<18}{'ours':>10}{'eager':>10}  {'ratio':>7}  of          each round")
for name in eager:
    training = name.startswith("train.")
    quotients = [a / b if training else b / a for a, b in zip(ours[name], eager[name])]
    rounded = " ".join(f"{q:.3f}" for q in quotients)
    meaning = "ours/eager" if training else "eager/ours"
    print(f"{name:<18}{statistics.median(ours[name]):>10.2f}{statistics.median(eager[name]):>10.2f}"
          f"  {statistics.median(quotients):>7.3f}  {meaning}  {rounded}")
SUMMARY
