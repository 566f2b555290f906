#!/usr/bin/env bash
# `make check-report`: a smoke report of every table and figure, and one of a tuning sweep, in a browser and in LaTeX.
set -euo pipefail

pfedla=$1
python=$2
output=$3

rm -rf "$output"
"$pfedla" reproduce table1 table2 table3 figure1 figure5 figure6 figure7 --profile smoke --output "$output" \
  --only clients=10 >/dev/null
"$pfedla" tune step-size --profile smoke --output "$output/tune" >/dev/null
"$python" tools/check_report.py --self-test
"$python" tools/check_report.py "$output/report.html" "$output/tune/report.html"
"$python" tools/check_latex.py --self-test
"$python" tools/check_latex.py "$output"
