"""Which new runs are let in, and when they count as accepted. What runs already always goes on."""
