"""The checks of check_report.py. `scripts/` is what runs inside the browser."""
