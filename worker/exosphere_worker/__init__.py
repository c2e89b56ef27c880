"""The runtime: takes ready states, executes nodes, reports what came of them."""
