"""The parts of tools/check_survival.py: what is done to runs and sweeps, and what must be true after it."""
