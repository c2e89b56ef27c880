"""The store: the only modules that speak to Redis, and the Lua of every atomic move."""
