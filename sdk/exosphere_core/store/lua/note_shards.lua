-- note_shards: how many shards there are is made known, also when memory is full.
-- KEYS[1] hash  what is agreed upon
-- ARGV[1] number of shards
-- returns 1, or 0 when there was a number before
-- uses grow
grow(KEYS[1])
return redis.call('HSET', KEYS[1], 'shards', ARGV[1])
