"""Errors per hour over a directory of log files: one branch a file, one table."""
