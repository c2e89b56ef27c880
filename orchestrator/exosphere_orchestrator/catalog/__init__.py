"""What the HTTP API and the background jobs do with nodes and graphs."""
