"""Benchmarks: real processes, real Redis, figures with their machine and settings."""
