"""Making runs straight in Redis, for programs that may reach it: what `exospherehost.Producer` stands on."""
