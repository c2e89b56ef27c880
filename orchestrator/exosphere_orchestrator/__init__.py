"""The state manager: HTTP API, engine agents and background jobs."""
