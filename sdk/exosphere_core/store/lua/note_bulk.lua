-- note_bulk: what came of a page of a bulk retry, and how far it has come. Of several who did the same page one notes it.
-- KEYS[1] hash  the bulk retry
-- KEYS[2] list  its results
-- KEYS[3] set   bulk retries that are not finished
-- ARGV[1] its id
-- ARGV[2] how far it had come
-- ARGV[3] how far it has come
-- ARGV[4] how many runs were looked at
-- ARGV[5] how many states are retried
-- ARGV[6] how many are not
-- ARGV[7] for how long it is kept when it is finished, ms; "" while it is not
-- ARGV[8] from here on: results, JSON
-- returns 1, or 0 when somebody else noted that page
-- uses clock grow
if redis.call('HGET', KEYS[1], 'cursor') ~= ARGV[2] or redis.call('HEXISTS', KEYS[1], 'finished_at') == 1 then
  return 0
end
grow(KEYS[1])
redis.call('HSET', KEYS[1], 'cursor', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'looked_at', ARGV[4])
redis.call('HINCRBY', KEYS[1], 'retried', ARGV[5])
redis.call('HINCRBY', KEYS[1], 'refused', ARGV[6])
if #ARGV > 7 then
  redis.call('RPUSH', KEYS[2], unpack(ARGV, 8))
end
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[1], 'finished_at', now_ms())
  redis.call('SREM', KEYS[3], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[7])
  redis.call('PEXPIRE', KEYS[2], ARGV[7])
end
return 1
