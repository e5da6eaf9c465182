#!/usr/bin/env bash
# docs/cli.md from the command's own help: scripts/generate-cli-docs.sh build/latcast > docs/cli.md
set -euo pipefail
latcast=$1
section() {
  printf '\n## %s\n\n```\n' "latcast${1:+ $1}"
  # shellcheck disable=SC2086
  "$latcast" $1 --help
  printf '```\n'
}
printf '# Commands\n\nGenerated from the help texts by `scripts/generate-cli-docs.sh`.\n'
section ''
for command in engines profile train predict measure recalibrate eval inspect 'bench coverage'; do section "$command"; done
