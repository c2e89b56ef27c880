-- resume_schedule: a paused schedule has a next due time again. One that is not paused stays as it is.
-- KEYS[1] zset  schedules
-- KEYS[2] hash  the graph
-- KEYS[3] hash  schedules of the graph
-- ARGV[1] graph name
-- ARGV[2] index of the trigger
-- ARGV[3] version of the graph that the due time was computed from
-- ARGV[4] next due time, unix ms, or "" for none
-- returns 1, or 0 when that version is not the newest any more
if redis.call('HGET', KEYS[2], 'version') ~= ARGV[3] then
  return 0
end
if redis.call('HDEL', KEYS[3], ARGV[2] .. '/paused_at') == 1 and ARGV[4] ~= '' then
  redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1] .. '/' .. ARGV[2])
end
return 1
