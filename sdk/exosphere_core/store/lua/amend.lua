-- amend: what other records tell of a state is written on its record; one that is lost for good is made as ended.
-- KEYS[1] hash  the run
-- KEYS[2] hash  the state
-- KEYS[3] stream  events of the run, while it is watched
-- ARGV[1] status as it was read, or "" when there must be no record
-- ARGV[2] identifier
-- ARGV[3] number of fields to write
-- ARGV[4] from here on: their names and values, then the run's record as lib/unmoved says
-- returns the run's record; nothing when it moved meanwhile
-- uses clock unmoved tell grow
local fields = tonumber(ARGV[3])
local status = redis.call('HGET', KEYS[2], 'status') or ''
if status ~= ARGV[1] or not is_unmoved(KEYS[1], 4 + fields * 2) then
  return {}
end
grow(KEYS[1])
local now = now_ms()
if status == '' then
  redis.call('HSET', KEYS[2], 'created_at', now)
end
redis.call('HSET', KEYS[2], 'updated_at', now, unpack(ARGV, 4, 3 + fields * 2))
local record = redis.call('HMGET', KEYS[2], 'status', 'attempt')
if record[1] ~= status then
  tell_state(KEYS[3], KEYS[2], ARGV[2], record[1] or '', record[2] or '')
end
return redis.call('HGETALL', KEYS[1])
