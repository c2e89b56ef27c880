-- fire_schedule: a schedule whose due time was handled moves on to its next one, and the firing is recorded.
-- KEYS[1] zset  schedules
-- KEYS[2] list  firings of the graph, newest first
-- ARGV[1] member of the schedule
-- ARGV[2] due time that was handled, unix ms
-- ARGV[3] next due time, unix ms, or "" for none
-- ARGV[4] what came of it, JSON
-- ARGV[5] how many firings are kept
-- returns 1, or 0 when the schedule was changed or moved on by another
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
end
redis.call('LPUSH', KEYS[2], ARGV[4])
redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[5]) - 1)
return 1
