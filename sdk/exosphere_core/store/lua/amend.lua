-- amend: what other records tell of a state is written on its record; one that is lost for good is made as ended.
-- KEYS[1] hash  the run
-- KEYS[2] hash  the state
-- ARGV[1] status as it was read, or "" when there must be no record
-- ARGV[2] number of fields to write
-- ARGV[3] from here on: their names and values, then the run's record as lib/unmoved says
-- returns the run's record; nothing when it moved meanwhile
-- uses clock unmoved grow
local fields = tonumber(ARGV[2])
local status = redis.call('HGET', KEYS[2], 'status') or ''
if status ~= ARGV[1] or not is_unmoved(KEYS[1], 3 + fields * 2) then
  return {}
end
grow(KEYS[1])
local now = now_ms()
if status == '' then
  redis.call('HSET', KEYS[2], 'created_at', now)
end
redis.call('HSET', KEYS[2], 'updated_at', now, unpack(ARGV, 3, 2 + fields * 2))
return redis.call('HGETALL', KEYS[1])
