-- redue: the set of due times says of a state what its record says.
-- KEYS[1] zset  due times
-- KEYS[2] hash  the state
-- ARGV[1] state id
-- returns 1 when something was put right, else 0
-- uses grow
local record = redis.call('HMGET', KEYS[2], 'status', 'due_at')
local kept = redis.call('ZSCORE', KEYS[1], ARGV[1])
if record[1] == 'CREATED' and record[2] then
  if kept and tonumber(kept) == tonumber(record[2]) then
    return 0
  end
  grow(KEYS[1])
  redis.call('ZADD', KEYS[1], record[2], ARGV[1])
  return 1
end
return redis.call('ZREM', KEYS[1], ARGV[1])
