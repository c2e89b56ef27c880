"""The engine: agents with one duty each, that move states by the store's scripts."""
