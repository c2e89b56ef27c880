-- recount: the counters of a run say what its states and unites say, and it is pending or has ended accordingly.
-- KEYS[1] hash  the run
-- KEYS[2] zset  ended runs
-- KEYS[3] set   pending runs of the graph
-- KEYS[4] stream  events of the run, while it is watched
-- ARGV[1] run id
-- ARGV[2] how many states and armed unites are open
-- ARGV[3] number of other counters to write
-- ARGV[4] from here on: their names and values, then the run's record as lib/unmoved says
-- returns the run's record afterwards; nothing when it moved meanwhile
-- uses clock tell announce conclude unmoved grow
local counters = tonumber(ARGV[3])
if not is_unmoved(KEYS[1], 4 + counters * 2) then
  return {}
end
grow(KEYS[1])
for n = 1, counters do
  redis.call('HSET', KEYS[1], ARGV[2 + n * 2], ARGV[3 + n * 2])
end
if tonumber(ARGV[2]) > 0 then
  if redis.call('HGET', KEYS[1], 'status') ~= 'PENDING' then
    tell_run(KEYS[4], 'PENDING')
    announce(KEYS[1], ARGV[1], 'PENDING', redis.call('HGET', KEYS[1], 'graph'))
  end
  redis.call('HSET', KEYS[1], 'open', ARGV[2], 'status', 'PENDING')
  redis.call('HDEL', KEYS[1], 'ended_at')
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('SADD', KEYS[3], ARGV[1])
else
  redis.call('HSET', KEYS[1], 'open', 1)
  move_open(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], -1, now_ms())
end
return redis.call('HGETALL', KEYS[1])
