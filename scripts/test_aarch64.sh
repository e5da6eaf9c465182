#!/usr/bin/env bash
# latcast on 64-bit Arm, without such a machine: core, forecast and latcast-worker are built by a cross compiler, tested
# under an emulator, and the worker measures there for the command that is built here. Needs scripts/setup.sh --aarch64
# and a build in build/. Times are the emulator's.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
mkdir -p build
log_file=$PWD/build/aarch64.log
(($# == 0)) || { say "usage: scripts/test_aarch64.sh" >&2 && exit 2; }
: >"$log_file"

emulator=$PWD/build/emulator/usr/bin/qemu-aarch64
[[ -x $emulator && -x build/latcast ]] || fail "Missing: ${emulator#"$PWD/"} or build/latcast; run scripts/setup.sh --aarch64, and build."
library=$(compgen -G "$PWD/build/onnxruntime-aarch64/onnxruntime/capi/libonnxruntime.so.*" | head -1) ||
  fail "There is no ONNX Runtime in build/onnxruntime-aarch64; run scripts/setup.sh --aarch64."
scratch=$(mktemp -d "$PWD/build/arm.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
there=(--worker "$emulator -cpu neoverse-n1 -L /usr/aarch64-linux-gnu build/aarch64/latcast-worker" --engine-path "$library")

rules_hold() {
  build/latcast bench graph --probes tests/data/graph/s*net.onnx "${there[@]}" >"$scratch/rules.txt" || return 1
  cat "$scratch/rules.txt"
  grep -q '^every probe is equal' "$scratch/rules.txt" && grep -qE '^([0-9]+) of \1 networks equal' "$scratch/rules.txt"
}

campaign() {
  echo 'max_macs = 2e6' >"$scratch/campaign.toml"
  build/latcast profile --engine onnxruntime "${there[@]}" --budget 30s --config "$scratch/campaign.toml" --db "$scratch/arm.db" &&
    build/latcast train --rms base_ridge --db "$scratch/arm.db" --out "$scratch/arm.latpack" &&
    build/latcast predict --graph rules --pack "$scratch/arm.latpack" tests/data/graph/s*net.onnx
}

step "configure" configure aarch64 build/aarch64
build "build for 64-bit Arm" aarch64
step "tests under the emulator" ctest --preset aarch64 -j "$(nproc)"
step "rules for ONNX Runtime there" rules_hold
step "campaign there, forecasts here" campaign
