"""What `tools/check_pages.py` checks in the Markdown pages, one module a kind of check."""
