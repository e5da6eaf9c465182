#!/usr/bin/env bash
# docs/ against the command: docs/check.sh build/latcast. Run by CTest.
set -euo pipefail
(($# == 1)) || { printf 'usage: docs/check.sh BINARY\n' >&2 && exit 2; }
latcast=$(realpath "$1")
cd "$(dirname "$0")/.."
problems=0
complain() {
  printf '%s\n' "$*"
  problems=$((problems + 1))
}

# docs/cli.md is what the help texts say.
if ! diff <(scripts/generate-cli-docs.sh "$latcast") docs/cli.md; then
  complain "docs/cli.md is not what --help says; mend with: scripts/generate-cli-docs.sh build/latcast > docs/cli.md"
fi

# The guide's example is the file, and the file loads.
example=docs/examples/lp_normalization.toml
if ! diff "$example" <(awk '/^```/ {inside = !inside && /toml/ && !seen++; next} inside' docs/adding-a-module-type.md); then
  complain "docs/adding-a-module-type.md does not show $example as it is"
fi
if ! "$latcast" profile --dry-run --budget 1s --catalogue docs/examples >/dev/null; then
  complain "$example does not load"
fi

# Links lead to files.
while IFS=: read -r file link; do
  [[ -e $(dirname "$file")/$link ]] || complain "$file: there is no $link"
done < <(grep -oHP '\]\(\K[^)#:]+' README.md CONTRIBUTING.md CHANGELOG.md docs/*.md)

# Each command and each key of campaign.toml is spoken of.
while read -r command; do
  grep -q "^## latcast $command\$" docs/cli.md || complain "docs/cli.md has no section on $command"
done < <("$latcast" --help | sed -nE '/^Subcommands:/,$ s/^  ([a-z]+) .*/\1/p')
for key in $(grep -ohP '(number|toml\.array)\((toml, |\*?parsed, |table, )?"\K[a-z_]+' src/measure/campaign_config.cpp); do
  grep -q "^| \`$key\` |" docs/formats.md || complain "docs/formats.md does not speak of campaign.toml's '$key'"
done

# Every view is in the guide.
while IFS=. read -r group field; do
  grep -qE "\`$group\.$field\`" docs/adding-a-module-type.md ||
    grep -qE "\`$group\.[a-z_]+\`.*\`\.$field\`" docs/adding-a-module-type.md ||
    complain "docs/adding-a-module-type.md does not speak of the view $group.$field"
done < <(grep -ohP '\{"\K[a-z]+\.[a-z_]+(?=",)' src/graph/views/*.cpp)

((problems == 0)) && printf 'docs agree with the command\n'
