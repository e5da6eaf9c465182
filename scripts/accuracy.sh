#!/usr/bin/env bash
# The tables of docs/accuracy.md, made anew on this machine: exports the networks, measures and trains, evaluates.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

usage='usage: scripts/accuracy.sh [--budget 10m] [--pack FILE]

Exports the networks of scripts/networks.txt to build/torchvision (random weights, 14 GB), measures
modules for the budget and trains on them, forecasts and measures every network, and prints the
rows of docs/accuracy.md. Needs build/latcast (./quickstart makes it). Takes about half an hour more
than the budget; a second run uses the files of the first one.

  --budget TIME   what measuring modules may take
  --pack FILE     judge this pack of this machine instead of making one'

budget=10m
pack=
while (($# > 0)); do
  case $1 in
    --budget | --pack)
      (($# > 1)) || { say "$1 needs a value; see scripts/accuracy.sh --help" >&2 && exit 2; }
      if [[ $1 == --pack ]]; then pack=$2; else budget=$2; fi
      shift
      ;;
    -h | --help) say "$usage" && exit 0 ;;
    *) say "unknown option '$1'; see scripts/accuracy.sh --help" >&2 && exit 2 ;;
  esac
  shift
done

latcast=build/latcast
networks=build/torchvision
[[ -x $latcast ]] || fail "There is no $latcast: run ./quickstart first."
scripts/setup.sh --networks
/usr/bin/python3 scripts/export_networks.py "$networks"

if [[ -z $pack ]]; then
  pack=build/accuracy.latpack
  if [[ ! -f $pack ]]; then
    rm -f build/accuracy.db build/accuracy.db-*
    "$latcast" profile --engine onnxruntime --budget "$budget" --db build/accuracy.db
    "$latcast" train --db build/accuracy.db --out "$pack"
  fi
fi

for graph in engine rules; do
  code=0
  "$latcast" eval "$networks"/*.onnx --pack "$pack" --graph "$graph" --rounds 2 --burst 80ms --json="build/accuracy-$graph.json" || code=$?
  ((code <= 1)) || exit "$code" # 1: some of the networks could not be judged; they are listed
done

/usr/bin/python3 - build/accuracy-engine.json build/accuracy-rules.json <<'END'
import json, sys
print("\n| executed graph from | networks | MAPE | within 5 % | within 10 % | 90 % interval: empirical coverage | its mean width | modelled share below 95 % | noise floor |")
print("|---|---|---|---|---|---|---|---|---|")
for file in sys.argv[1:]:
    result = json.load(open(file))
    s = result["summary"]
    shares = [s["mape"], s["within_5_percent"], s["within_10_percent"], s["interval"]["held"], s["interval"]["mean_width"],
              s["low_coverage_share"], s["noise_floor"]["split_half_mape"]]
    text = [f"{100 * x:.1f} %" if x is not None else "–" for x in shares]
    print(f"| {result['graph']} | {s['networks']} | " + " | ".join(text) + " |")
target = json.load(open(sys.argv[1]))["target"]
print(f"\n{target['device']}, {target['engine']} {target['engine_version']}, {target['settings'].get('threads')} thread")
END
