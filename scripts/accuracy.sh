#!/usr/bin/env bash
# README.md's accuracy table, made anew on this machine: exports the networks, measures and trains, evaluates.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

usage='usage: scripts/accuracy.sh [--budget 10m] [--pack FILE]

Exports the networks of scripts/networks.txt, scripts/small_networks.txt and scripts/export_sequences.py
to build/torchvision, build/small and build/sequences (random weights, 15 GB), measures modules for the
budget and trains on them, forecasts and measures every network, and prints the accuracy table of README.md
and the same by latency. Needs build/latcast (./quickstart makes it). Takes about half an hour more than
the budget; a second run uses the networks of the first, and without --budget its pack.

  --budget TIME   what measuring modules may take
  --pack FILE     judge this pack of this machine instead of making one'

budget=
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
[[ -x $latcast ]] || fail "There is no $latcast: run ./quickstart first."
scripts/setup.sh --networks
/usr/bin/python3 scripts/export_networks.py build/torchvision
/usr/bin/python3 scripts/export_networks.py --small build/small
/usr/bin/python3 scripts/export_sequences.py build/sequences

if [[ -z $pack ]]; then
  pack=build/accuracy.latpack
  if [[ -n $budget || ! -f $pack ]]; then
    rm -f build/accuracy.db build/accuracy.db-*
    "$latcast" profile --engine onnxruntime --budget "${budget:-10m}" --db build/accuracy.db
    "$latcast" train --db build/accuracy.db --out "$pack"
  fi
fi

# judge SET GRAPH [OPTION...]
judge() {
  local code=0
  "$latcast" eval build/"$1"/*.onnx --pack "$pack" --graph "$2" --json="build/accuracy-$1-$2.json" "${@:3}" || code=$?
  ((code <= 1)) || exit "$code" # 1: some of the networks could not be judged; they are listed
}
judge torchvision engine --rounds 2 --burst 80ms
judge torchvision rules --rounds 2 --burst 80ms
judge small engine
judge sequences engine

/usr/bin/python3 - build/accuracy-{torchvision-engine,torchvision-rules,small-engine,sequences-engine}.json <<'END'
import datetime, json, sys
results = [json.load(open(file)) for file in sys.argv[1:]]
SHARES = {"mape": 1, "within_5_percent": 0, "within_10_percent": 0, "held": 0, "mean_width": 0, "low_coverage_share": 0, "split_half_mape": 1}

def table(name, rows):
    print(f"\n| {name} | networks | MAPE | within 5 % | within 10 % | 90 % interval: empirical coverage | its mean width | modelled share below 95 % | noise floor |")
    print("|" + "---|" * 9)
    for label, count, summary in rows:
        all = summary | summary["interval"] | summary["noise_floor"]
        shares = [f"{100 * all[key]:.{digits}f} %" if all[key] is not None else "–" for key, digits in SHARES.items()]
        print("| " + " | ".join([label, str(count), *shares]) + " |")

def band(low, high):
    if not low or not high: return f"below {high / 1e6:g} ms" if high else f"from {low / 1e6:g} ms"
    return f"{low / 1e6:g} to {high / 1e6:g} ms"

engine, rules, small, sequences = results
target = engine["target"]
def count(result, what): return f"{result['summary']['networks']} {what}"
print(f"\n{datetime.date.today()}, {target['device']}, {target['engine']} {target['engine_version']}, {target['settings']['threads']} thread")
table("executed graph from", [("the engine", count(engine, "of torchvision"), engine["summary"]),
                              ("[rules](docs/rules.md)", "the same, measured again", rules["summary"]),
                              ("the engine", count(small, "of torchvision at 64 to 224 pixels"), small["summary"]),
                              ("the engine", count(sequences, "over sequences"), sequences["summary"])])
table("measured", [(f"{name}, {band(one['from_ns'], one['to_ns'])}", one["networks"], one)
                   for name, result in (("torchvision", engine), ("small", small), ("sequences", sequences))
                   for one in result["by_latency"]])
END
