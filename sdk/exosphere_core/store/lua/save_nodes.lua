-- save_nodes: nodes of a runtime are registered, also when memory is full: a runtime that starts again must be able to
-- finish what runs.
-- KEYS[1] hash  nodes
-- ARGV[1] from here on, per node: its name, its registration as JSON
-- returns how many are new
-- uses grow
grow(KEYS[1])
return redis.call('HSET', KEYS[1], unpack(ARGV))
