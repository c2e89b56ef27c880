-- delete_run: an ended run is removed, when no records of states and unites are left that belong to it.
-- KEYS[1] hash  the run
-- KEYS[2] list  the run's states
-- KEYS[3] list  the run's unites
-- KEYS[4] zset  runs by creation
-- KEYS[5] zset  ended runs
-- KEYS[6] hash  the store, and whatever else belongs to the run, from here on
-- ARGV[1] run id
-- returns 1, or 0 when it was reopened, or was removed, or has such records
local function holds_ids(key)
  -- A key of another type names nothing; it goes with the run.
  return redis.call('TYPE', key).ok == 'list'
end
if not redis.call('ZSCORE', KEYS[5], ARGV[1]) or holds_ids(KEYS[2]) or holds_ids(KEYS[3]) then
  return 0
end
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], unpack(KEYS, 6))
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZREM', KEYS[5], ARGV[1])
return 1
