"""The agreements of Exosphere (words, keys, wire formats, rules) and the Redis store above them.

Whatever two parties must agree on lives here. The modules of this package do no
I/O, read no clock and draw no random number, except for those that exist for it:
`store` (Redis), `client` (HTTP), `access` (the environment), `lifeline` (processes),
`backoff` and `ending` (waiting).
"""
