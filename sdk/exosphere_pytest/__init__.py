"""The plugin of pytest. A package of its own: pytest loads it at each start, and `exospherehost` takes as long to load as pytest itself."""
