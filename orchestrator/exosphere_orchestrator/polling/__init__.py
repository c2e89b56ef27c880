"""Runtimes that poll over plain HTTP: the state manager takes states for them, and reports for them."""
