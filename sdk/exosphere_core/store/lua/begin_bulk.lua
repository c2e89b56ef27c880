-- begin_bulk: nothing → a bulk retry that is not finished.
-- KEYS[1] hash  the bulk retry
-- KEYS[2] set   bulk retries that are not finished
-- ARGV[1] its id
-- ARGV[2] what it is about, JSON
-- ARGV[3] how many may be unfinished
-- returns 1, or 0 when there are too many
-- uses clock
if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[3]) then
  return 0
end
redis.call('HSET', KEYS[1], 'wanted', ARGV[2], 'cursor', '', 'looked_at', 0, 'retried', 0, 'refused', 0,
  'created_at', now_ms())
redis.call('SADD', KEYS[2], ARGV[1])
return 1
