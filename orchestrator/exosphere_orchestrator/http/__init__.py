"""The HTTP API: one handler a row of `exosphere_core.api`."""
