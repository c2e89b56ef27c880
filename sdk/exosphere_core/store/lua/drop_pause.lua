-- drop_pause: a queue that was resumed gives out on every shard. One that was paused again meanwhile stays noted.
-- KEYS[1] hash  paused queues of the namespace
-- ARGV[1] node name
-- returns 1, or 0 when it is not one that was resumed
if redis.call('HGET', KEYS[1], ARGV[1]) ~= '' then
  return 0
end
return redis.call('HDEL', KEYS[1], ARGV[1])
