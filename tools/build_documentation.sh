#!/usr/bin/env bash
# Builds the documentation archive of each library module with swift-docc-plugin, with the pages of Documentation as
# articles, and fails on any warning. Its argument is the output folder.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p "$1"
output=$(cd "$1" && pwd)
log=$(mktemp)
copied=()
trap 'rm -rf "$log" ${copied[@]+"${copied[@]}"}' EXIT

for catalogue in Sources/*/*.docc; do
  module=$(basename "$catalogue" .docc)
  for article in $(grep -o '<doc:[a-z-]*>' "$catalogue/$module.md" | sed -E 's/<doc:(.*)>/\1/'); do
    # DocC resolves no links to files of the repository: their text stays.
    copied+=("$catalogue/$article.md")
    perl -pe 's/\[([^\]]*)\]\((?!https?:)[^)]*\)/$1/g' "Documentation/$article.md" >"$catalogue/$article.md"
  done
  PFEDLA_DOCUMENTATION=1 swift package --scratch-path .build-documentation \
    --allow-writing-to-directory "$output" generate-documentation --target "$module" \
    --output-path "$output/$module.doccarchive" --warnings-as-errors 2>&1 | tee "$log"
  if grep -E '^(warning|error)|: warning:' "$log"; then
    echo "The documentation of $module gave warnings." >&2
    exit 1
  fi
done
