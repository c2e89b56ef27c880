"""A nightly schedule, and what becomes of the nights in which the machine was off."""
