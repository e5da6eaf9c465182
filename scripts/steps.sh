# Sourced by the scripts: one line per step with its seconds; a step's own output goes to build/<script>.log.
# shellcheck shell=bash

log_file=
say() { printf '%s\n' "$*"; }
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Seconds with one decimal since an EPOCHREALTIME.
since() {
  local tenths=$(((${EPOCHREALTIME/[^0-9]/} - ${1/[^0-9]/}) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# step NAME COMMAND...: runs COMMAND (also a function, which may set `note`), its output in the log; shown only when it fails.
step() {
  local name=$1 started=$EPOCHREALTIME from=1 code=0
  shift
  note=
  printf '%-46s' "$name ..."
  [[ -f $log_file ]] && from=$(($(wc -l <"$log_file") + 1))
  printf '== %s: %s\n' "$name" "$*" >>"$log_file"
  "$@" >>"$log_file" 2>&1 </dev/null || code=$?
  if ((code == 0)); then
    say "$(since "$started")${note:+  ($note)}"
  else
    say "failed after $(since "$started")"
    tail -n "+$((from + 1))" "$log_file" | tail -n "${step_tail:-30}" >&2
    say "(all of it: ${log_file#"$PWD/"})" >&2
  fi
  return "$code"
}

# Configures a preset where it was not yet, or for another place or other options than these.
configure() {
  local preset=$1 folder=$2
  shift 2
  local -a arguments=(--preset "$preset" "$@")
  local wanted="$PWD ${arguments[*]}" stamp="$folder/.configured"
  if [[ -f $folder/build.ninja && $folder/build.ninja -nt CMakePresets.json && $(cat "$stamp" 2>/dev/null) == "$wanted" ]]; then
    return 0
  fi
  if [[ -f $folder/CMakeCache.txt ]]; then
    # The folder was moved or copied, or a preset may name another compiler now.
    if ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$folder/CMakeCache.txt" || [[ CMakePresets.json -nt $folder/build.ninja ]]; then
      arguments+=(--fresh)
    fi
  fi
  cmake "${arguments[@]}" && printf '%s\n' "$wanted" >"$stamp"
}

# build NAME PRESET [TARGET...]: with ninja's own progress line on a terminal.
build() {
  local name=$1 preset=$2 started=$EPOCHREALTIME
  shift 2
  local -a command=(cmake --build --preset "$preset")
  (($# == 0)) || command+=(--target "$@")
  if [[ ! -t 1 ]]; then
    step_tail=100 step "$name" "${command[@]}"
  else
    NINJA_STATUS="$name: %f of %t " "${command[@]}" && printf '%-46s%s\n' "$name ..." "$(since "$started")"
  fi
}
