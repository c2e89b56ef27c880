-- pause_schedule: a schedule has no next due time until it is resumed. One that is paused stays as it is.
-- KEYS[1] zset  schedules
-- KEYS[2] hash  the graph
-- KEYS[3] hash  schedules of the graph
-- ARGV[1] graph name
-- ARGV[2] index of the trigger
-- ARGV[3] version of the graph that has this trigger
-- returns 1, or 0 when that version is not the newest any more
-- uses clock
if redis.call('HGET', KEYS[2], 'version') ~= ARGV[3] then
  return 0
end
redis.call('ZREM', KEYS[1], ARGV[1] .. '/' .. ARGV[2])
redis.call('HSETNX', KEYS[3], ARGV[2] .. '/paused_at', now_ms())
return 1
