#!/usr/bin/env bash
# Installs what latcast is built, measured and (--test) tested with: Debian packages, a Python environment in build/venv,
# ONNX Runtime's headers in build/onnxruntime-headers; with --networks also what scripts/export_networks.py needs, with
# --aarch64 what scripts/test_aarch64.sh needs. Does only what is missing; needs root, or sudo, only for packages.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
mkdir -p build
log_file=$PWD/build/setup.log

# Debian 12 has no ONNX Runtime, and its emulator crashes on it. These headers are older than the library that is measured,
# which serves older ones.
newer_release=trixie
headers_package=libonnxruntime-dev
headers_folder=build/onnxruntime-headers
emulator_package=qemu-user
emulator_folder=build/emulator
arm_engine_folder=build/onnxruntime-aarch64
archive_keys=/usr/share/keyrings/debian-archive-keyring.gpg
archive_new_key=/usr/share/keyrings/debian-archive-$newer_release-automatic.gpg

groups=build
for option in "$@"; do
  case $option in
    --test) groups+='|test' ;;
    --networks) groups+='|networks' ;;
    --aarch64) groups+='|aarch64' ;;
    *) say "usage: scripts/setup.sh [--test] [--networks] [--aarch64]" >&2 && exit 2 ;;
  esac
done

# ---- Debian packages

missing_packages() {
  local -a wanted
  mapfile -t wanted < <(awk -v groups="^($groups)\$" '$1 ~ groups {print $2}' scripts/packages.txt)
  comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | awk '$1 == "installed" {print $2}' | sort -u)
  # Before 12.11 Debian's own keys lack the newer release's.
  if need_newer && [[ -f $archive_keys && ! -f $archive_new_key ]]; then say debian-archive-keyring; fi
}

find_root() { # sets `root`: what makes a command run as root
  root=()
  if ((EUID == 0)); then return 0; fi
  command -v sudo >/dev/null || return 1
  root=(sudo -n)
  sudo -n true 2>/dev/null && return 0
  root=(sudo)
  [[ -t 0 ]] && sudo -v
}

root_apt() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"; }

install_packages() {
  # A source of somebody else's that does not answer is no reason to stop: what counts is whether the packages come.
  local lists=1
  root_apt update -o APT::Update::Error-Mode=any || { sleep 3 && root_apt update -o APT::Update::Error-Mode=any; } || lists=0
  if ! root_apt install -y --no-install-recommends "$@"; then
    if ((lists == 0)); then say "The package lists could not be refreshed: is there a network?"; fi
    return 1
  fi
  note="$# installed"
}

system_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "This is no Debian system (no apt-get). Install by other means what these are: $(awk '/^build/ {print $2}' scripts/packages.txt | paste -sd' ')"
  fi
  local -a missing
  mapfile -t missing < <(missing_packages)
  if ((${#missing[@]} == 0)); then
    step "packages" true
    return
  fi
  find_root || fail "Missing Debian packages, and neither root nor sudo to install them. Ask for:
  apt-get install --no-install-recommends ${missing[*]}"
  step "packages: installing ${#missing[@]}" install_packages "${missing[@]}" ||
    fail "These Debian packages could not be installed: ${missing[*]}"
}

# ---- Python environment

pins() { grep -E '^[a-z0-9_-]+==' scripts/requirements.txt; }

have_pins() { # without starting Python: what pip leaves beside a complete installation
  local pin
  [[ -x build/venv/bin/python ]] || return 1
  while read -r pin; do
    compgen -G "build/venv/lib/python3*/site-packages/${pin/==/-}.dist-info/RECORD" >/dev/null || return 1
  done < <(pins)
}

python_environment() {
  local python=/usr/bin/python3
  [[ -x $python ]] || python=python3
  if ! build/venv/bin/python -m pip --version; then
    rm -rf build/venv && "$python" -m venv build/venv || return 1
  fi
  build/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --retries 3 -r scripts/requirements.txt || return 1
  have_pins && note=$(pins | paste -sd' ')
}

# ---- Packages of the newer release, unpacked into build/

need_emulator() { [[ $groups == *aarch64* && ! -x $emulator_folder/usr/bin/qemu-aarch64 ]]; }
need_newer() { need_headers || need_emulator; }
need_headers() { [[ ! -f $headers_folder/usr/include/onnxruntime/onnxruntime_c_api.h ]]; }

# The configured mirror of Debian's main archive; told by its lists, or, where those are not there yet, by release names.
debian_mirror() {
  # shellcheck disable=SC2016  # apt-get fills these in
  local format='$(LABEL)|$(RELEASE)|$(COMPONENT)|$(SITE)'
  apt-get indextargets --no-release-info --format "$format" 'Created-By: Packages' |
    awk -F'|' '$3 == "main" && ($1 == "Debian" || ($1 == "$(LABEL)" && $2 ~ /^([a-z]+|[a-z]+-updates)$/)) {print $4; exit}'
}

# apt-get with sources, lists and cache of its own; the system's are neither read nor written.
private_apt() {
  local place=$1
  shift
  apt-get -q -o Dir::Etc::SourceList="$place/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::State::Lists="$place/lists" -o Dir::Cache="$place/cache" \
    -o APT::Sandbox::User= -o APT::Update::Error-Mode=any -o Acquire::Retries=3 "$@"
}

# unpack_newer PACKAGE FOLDER
unpack_newer() {
  local package=$1 folder=$2 mirror keys=
  mirror=$(debian_mirror)
  if [[ -z $mirror ]]; then
    say "No Debian archive among the configured package sources."
    return 1
  fi
  [[ -f $archive_keys ]] && keys=" signed-by=$archive_keys"
  mkdir -p "$place/lists/partial" "$place/cache/archives/partial" || return 1
  say "deb [target=Packages$keys] $mirror $newer_release main" >"$place/sources.list"
  if ! private_apt "$place" update && ! { sleep 3 && private_apt "$place" update; }; then
    say "The lists of Debian '$newer_release' could not be fetched from the configured mirror, or their signature does not verify:" \
      "is there a network, and is the package debian-archive-keyring up to date?"
    return 1
  fi
  (cd "$place" && private_apt "$place" download "$package") || return 1
  rm -rf "$folder" "$place/unpacked" && dpkg-deb -x "$place/$package"_*.deb "$place/unpacked" && mv "$place/unpacked" "$folder" || return 1
  note=$(basename "$place/$package"_*.deb | cut -d_ -f1,2 | sed 's|_[0-9]*%3a|_|; s|_| |')
}

# ---- ONNX Runtime for 64-bit Arm: the wheel of the version that is measured here

need_arm_engine() { ! compgen -G "$arm_engine_folder/onnxruntime/capi/libonnxruntime.so.*" >/dev/null; }

arm_engine() {
  local place pin
  place=$(mktemp -d "$PWD/build/wheel.XXXXXX") || return 1
  pin=$(grep -E '^onnxruntime==' scripts/requirements.txt)
  build/venv/bin/python -m pip download --quiet --disable-pip-version-check --no-input --retries 3 --no-deps --only-binary=:all: \
    --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux2014_aarch64 -d "$place" "$pin" &&
    rm -rf "$arm_engine_folder" && build/venv/bin/python -m zipfile -e "$place"/*.whl "$arm_engine_folder"
  local code=$?
  rm -rf "$place"
  note=$pin
  return "$code"
}

# ----

started=$EPOCHREALTIME
: >"$log_file"
system_packages
if have_pins; then
  step "Python environment build/venv" true
else
  step "Python environment build/venv" python_environment || fail "The Python packages of scripts/requirements.txt could not be installed."
fi
if need_newer; then
  place=$(mktemp -d "$PWD/build/apt.XXXXXX")
  trap 'rm -rf "$place"' EXIT
fi
if need_headers; then
  step "ONNX Runtime's headers" unpack_newer "$headers_package" "$headers_folder" || fail "ONNX Runtime's headers could not be installed."
  need_headers && fail "The package $headers_package holds no onnxruntime/onnxruntime_c_api.h."
else
  step "ONNX Runtime's headers" true
fi
if [[ $groups == *aarch64* ]]; then
  if need_emulator; then
    step "emulator of 64-bit Arm" unpack_newer "$emulator_package" "$emulator_folder" || fail "The emulator could not be installed."
  fi
  if need_arm_engine; then
    step "ONNX Runtime for 64-bit Arm" arm_engine || fail "ONNX Runtime for 64-bit Arm could not be downloaded."
  fi
fi
say "set-up done in $(since "$started")"
