-- note_namespace: a namespace is made known to every state manager, also when memory is full.
-- KEYS[1] set  namespaces
-- ARGV[1] namespace
-- returns 1, or 0 when it was known
-- uses grow
grow(KEYS[1])
return redis.call('SADD', KEYS[1], ARGV[1])
