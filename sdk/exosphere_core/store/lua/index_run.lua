-- index_run: the indexes of runs say what a run's record says.
-- KEYS[1] hash  the run
-- KEYS[2] zset  runs by creation
-- KEYS[3] zset  ended runs
-- KEYS[4] set   pending runs of the graph
-- ARGV[1] run id
-- returns how many indexes were put right
local run = redis.call('HMGET', KEYS[1], 'status', 'created_at', 'ended_at')
if not run[1] then
  return redis.call('ZREM', KEYS[2], ARGV[1]) + redis.call('ZREM', KEYS[3], ARGV[1]) + redis.call('SREM', KEYS[4], ARGV[1])
end
local fixed = 0
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  fixed = redis.call('ZADD', KEYS[2], run[2] or '0', ARGV[1])
end
if run[1] == 'PENDING' then
  return fixed + redis.call('SADD', KEYS[4], ARGV[1]) + redis.call('ZREM', KEYS[3], ARGV[1])
end
return fixed + redis.call('SREM', KEYS[4], ARGV[1]) + redis.call('ZADD', KEYS[3], 'NX', run[3] or run[2] or '0', ARGV[1])
