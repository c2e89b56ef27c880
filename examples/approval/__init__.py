"""A loop of plan, act and check, in which nothing is done before a human has said yes: over plain HTTP."""
