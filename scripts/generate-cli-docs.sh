#!/usr/bin/env bash
# docs/cli.md from the command's own help: scripts/generate-cli-docs.sh build/latcast > docs/cli.md
set -euo pipefail
(($# == 1)) && [[ -x $1 ]] || { printf 'usage: scripts/generate-cli-docs.sh BINARY > docs/cli.md\n' >&2 && exit 2; }
latcast=$1

section() { # COMMAND...
  local title="latcast${*:+ $*}"
  printf '\n## %s\n\n```\n' "$title"
  "$latcast" "$@" --help | sed 's/ *$//'
  printf '```\n'
}

# The commands that a help text lists, in its order.
subcommands() { "$latcast" "$@" --help | sed -nE '/^Subcommands:/,$ s/^  ([a-z]+) .*/\1/p'; }

cat <<'END'
# Commands

Made by `scripts/generate-cli-docs.sh build/latcast > docs/cli.md` from the help texts; a test compares the two. What results look like,
and what exit codes mean: [formats](formats.md).

Times are written `250ms`, `15s`, `10m`, `1h`; shares `5%` or `0.05`. The value of `--json` and `--csv` comes only after `=`: a bare
`--json` writes to stdout and leaves the model behind it a model. `-q` and `--progress` may stand behind any command.

| variable | |
|---|---|
| `LATCAST_ONNXRUNTIME` | the ONNX Runtime library to measure, where `--engine-path` does not name one |
| `TMPDIR` | where the engine's optimized graph and profiles are written for a moment (default: /tmp) |
| `TERM` | `dumb`: progress as plain lines |
END
section
while read -r command; do
  section "$command"
  while read -r sub; do [[ -z $sub ]] || section "$command" "$sub"; done < <(subcommands "$command")
done < <(subcommands)
