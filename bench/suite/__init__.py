"""The suite that compares: the same workloads for everybody, on the same Redis, side by side in one run."""
