#!/usr/bin/env bash
# What no compiler checks: that set-up installs all that the sources need and nothing else, that no file names a host to
# download from, and that the scripts refuse what they do not know. Run by CTest.
set -euo pipefail
cd "$(dirname "$0")/.."
problems=0
complain() {
  printf '%s\n' "$*"
  problems=$((problems + 1))
}

folders=()
for folder in include src experiments apps tests bench examples fuzz; do
  if [[ -d $folder ]]; then folders+=("$folder"); fi
done

# ---- scripts/packages.txt against the sources: GROUP PACKAGE HEADERS... | CMAKE-NAMES...

headers=()    # what a package gives, as the beginning of an include
used_names=() # what CMake files look for
declare -A given
while read -r group package rest; do
  [[ -n $group && $group != '#'* ]] || continue
  [[ $group =~ ^(build|test|networks|aarch64|headers)$ ]] || complain "scripts/packages.txt: unknown group '$group'"
  read -r -a list <<<"${rest%%|*}"
  needed=0
  for header in "${list[@]}"; do
    headers+=("$header")
    if grep -rqF "include <$header" "${folders[@]}" || grep -rqF "<$header" --include=CMakeLists.txt "${folders[@]}"; then needed=1; fi
  done
  ((${#list[@]} == 0 || needed == 1)) || complain "scripts/packages.txt: no source includes anything of $package"
  read -r -a list <<<"${rest#*|}"
  for name in "${list[@]}"; do given[$name]=$package; done
done <scripts/packages.txt

while IFS=: read -r file header; do
  for known in "${headers[@]}"; do
    if [[ $header == "$known"* ]]; then continue 2; fi
  done
  complain "$file: <$header> is of no package in scripts/packages.txt"
done < <(grep -rnoP '^\s*#\s*include\s*<\K[^>]*[./][^>]*' "${folders[@]}" | sed -E 's/^([^:]*):[0-9]+:/\1:/' |
  grep -vE ':(latcast/.*|sys/.*|arpa/.*|(dlfcn|errno|fcntl|immintrin|poll|pthread|pwd|sched|signal|spawn|time|unistd)\.h)$')

mapfile -t used_names < <(find CMakeLists.txt cmake "${folders[@]}" \( -name CMakeLists.txt -o -name '*.cmake' \) -exec cat {} + |
  sed -nE 's/^ *find_package\(([^ )]+).*/\1/p; s/^ *find_(library|path|program)\([^ ]+ +(NAMES +)?([^ )]+).*/\3/p' | sort -u)
for name in "${used_names[@]}"; do
  [[ $name =~ ^(Threads|latcast)$ || -n ${given[$name]-} ]] || complain "CMake looks for '$name', which is of no package in scripts/packages.txt"
done
for name in "${!given[@]}"; do
  [[ " ${used_names[*]} " == *" $name "* ]] || complain "scripts/packages.txt: no CMake file looks for '$name'"
done

# ---- Hosts: packages come by name, from wherever this machine gets its packages

allowed_hosts='^(www\.apache\.org|git-lfs(\.github\.com)?)$'
while IFS=: read -r file host; do
  [[ $host =~ $allowed_hosts ]] || complain "$file names the host '$host'"
done < <(find . \( -name .git -o -name 'build*' -o -name .cache \) -prune -o -type f -print0 |
  xargs -0 grep -IoHE "[a-z]+://[A-Za-z0-9.-]+|\b[a-z0-9-]+(\.[a-z0-9-]+)*\.(org|com|net|io)\b" | sed -E 's|^\./||; s|:[a-z]+://|:|' | sort -u)
if grep -nE -e '--(extra-)?index-url|--find-links|--trusted-host' quickstart test .ci/run scripts/setup.sh scripts/requirements.txt; then
  complain "the Python registry is the machine's to choose"
fi

# ---- Scripts

for script in quickstart test .ci/run scripts/setup.sh scripts/accuracy.sh scripts/test_aarch64.sh scripts/check_repository.sh; do
  [[ -x $script ]] || complain "$script has no run bit"
  bash -n "$script" || complain "$script does not parse"
done
for command in './quickstart --nonsense' './quickstart --budget' './quickstart --budget 0s' './quickstart --budget 3x' './test --nonsense' \
  'scripts/setup.sh --nonsense' 'scripts/test_aarch64.sh --nonsense' 'scripts/accuracy.sh --nonsense' 'scripts/export_networks.py --nonsense' \
  'scripts/export_sequences.py --nonsense'; do
  code=0
  read -r -a words <<<"$command"
  "${words[@]}" >/dev/null 2>&1 </dev/null || code=$?
  ((code == 2)) || complain "'$command' ends with $code; wrong usage is 2"
done
for command in quickstart test; do
  help=$("./$command" --help </dev/null) && [[ $help == 'usage: '* ]] || complain "./$command --help shows no usage"
done

# ---- CHANGELOG.md names the formats' versions, once

constant() { grep -rhoP "$1 = \K[0-9]+" src | sort -u | paste -sd/; }
json=$(grep -oP '"schema_version", \K[0-9]+' apps/latcast/render/json_output.cpp)
formats="Store schema $(constant kStoreSchemaVersion), pack format $(constant kPackFormat), JSON schema version $json."
[[ $(grep -ciE 'schema|pack format' CHANGELOG.md) == 1 ]] && grep -qF "$formats" CHANGELOG.md ||
  complain "CHANGELOG.md does not say, once: $formats"

# ---- Networks of the accuracy tables: NAME SIDE, each once

while read -r line; do
  complain "scripts/networks.txt: '$line' is no network and side, or is there twice"
done < <(awk '/^#/ {next} NF != 2 || $2 !~ /^[0-9]+$/ || seen[$1]++' scripts/networks.txt)
while read -r line; do
  complain "scripts/small_networks.txt: '$line' is no network and side, or is there twice"
done < <(awk '/^#/ {next} NF != 2 || $2 !~ /^[0-9]+$/ || seen[$1, $2]++' scripts/small_networks.txt)

if ((problems > 0)); then
  printf '%d problems\n' "$problems"
  exit 1
fi
printf 'the repository is in order\n'
