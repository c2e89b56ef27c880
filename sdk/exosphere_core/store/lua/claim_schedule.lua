-- claim_schedule: a due schedule moves on to its next due time, and the caller has its firing to do.
-- KEYS[1] zset  schedules
-- KEYS[2] zset  claims
-- KEYS[3] hash  the graph
-- KEYS[4] hash  schedules of the graph
-- ARGV[1] graph name
-- ARGV[2] index of the trigger
-- ARGV[3] due time that was read, unix ms
-- ARGV[4] version of the graph that the rest was made from, or "" when the graph or the trigger is gone
-- ARGV[5] next due time, unix ms, or "" for none
-- ARGV[6] the claim, JSON, or "" when nothing is to be done
-- ARGV[7] newest due time that the claim is about, unix ms
-- ARGV[8] since when it is claimed, unix ms
-- returns 1, or 0 when schedule or graph was changed, or a claim of the schedule is open
-- uses grow
local member = ARGV[1] .. '/' .. ARGV[2]
if redis.call('ZSCORE', KEYS[1], member) ~= ARGV[3] then
  return 0
end
if ARGV[4] ~= '' and redis.call('HGET', KEYS[3], 'version') ~= ARGV[4] then
  return 0
end
if redis.call('ZSCORE', KEYS[2], member) then
  return 0
end
grow(KEYS[1])
if ARGV[5] == '' then
  redis.call('ZREM', KEYS[1], member)
else
  redis.call('ZADD', KEYS[1], ARGV[5], member)
end
if ARGV[6] ~= '' then
  redis.call('ZADD', KEYS[2], ARGV[8], member)
  redis.call('HSET', KEYS[4], ARGV[2] .. '/claim', ARGV[6], ARGV[2] .. '/handled', ARGV[7])
end
return 1
