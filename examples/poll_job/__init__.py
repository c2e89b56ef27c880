"""A job of another system, started once and polled until it is done, without a worker that waits."""
