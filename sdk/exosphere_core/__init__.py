"""The agreements of Exosphere (words, keys, wire formats, rules) and the Redis store above them.

Whatever two parties must agree on lives here. The modules of this package do no
I/O, read no clock and draw no random number, except for those that exist for it:
`exosphere_core.store` (Redis), `exosphere_core.client` (HTTP), `exosphere_core.lifeline`
(processes), and the one function `exosphere_core.records.new_run_id`.
"""
