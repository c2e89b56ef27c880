-- begin_bulk: nothing → a bulk retry that is not finished. One that was begun before stays as it is, so that a call that is
-- applied again neither begins it anew nor counts it for ever.
-- KEYS[1] hash  the bulk retry
-- KEYS[2] set   bulk retries that are not finished
-- ARGV[1] its id
-- ARGV[2] what it is about, JSON
-- ARGV[3] how many may be unfinished
-- returns 1, or 0 when there are too many unfinished
-- uses clock
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 1
end
if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[3]) then
  return 0
end
redis.call('HSET', KEYS[1], 'wanted', ARGV[2], 'cursor', '', 'looked_at', 0, 'retried', 0, 'refused', 0,
  'created_at', now_ms())
redis.call('SADD', KEYS[2], ARGV[1])
return 1
