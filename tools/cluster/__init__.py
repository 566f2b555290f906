"""What tools/check_cluster.py is made of: a private Slurm, and sweeps that are disturbed on it."""
