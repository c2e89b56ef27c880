-- lay_down: large inputs are written beside the state that is to have them, so that no script copies them twice: `join`
-- takes them over by their name. They go by themselves where that never comes.
-- KEYS[1] hash  the inputs
-- ARGV[1] inputs, JSON
-- ARGV[2] how long they are kept, ms
-- returns nothing
-- uses grow
grow(KEYS[1])
redis.call('HSET', KEYS[1], 'inputs', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
