"""A runtime with nothing but an HTTP client."""
