-- reclaim: CREATED → CREATED, when the runtime that took it, of the run's own namespace, shows no life: ready again under a
-- new attempt number. After too many lost leases it is reported as failed instead, and the retry policy decides.
-- KEYS[1] hash    the state
-- KEYS[2] stream  ready stream of the node
-- KEYS[3] stream  reports
-- KEYS[4] stream  events of the run, while it is watched
-- ARGV[1] id of the entry whose lease was lost
-- ARGV[2] state id
-- ARGV[3] attempt that the entry carries
-- ARGV[4] how many lost leases are too many
-- ARGV[5] body of the failed report, JSON
-- ARGV[6] namespace of the run
-- ARGV[7] identifier
-- returns {"reclaimed" | "failed" | "stale", lost leases}
-- uses clock fence push tell
-- Read before anything is written: a key of another type ends the script here.
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'entry', 'task', 'inputs')
if redis.call('XACK', KEYS[2], 'runtimes', ARGV[1]) == 0 then
  return {'stale', 0}
end
redis.call('XDEL', KEYS[2], ARGV[1])
if not is_current(record, ARGV[3]) or record[3] ~= ARGV[1] then
  return {'stale', 0}
end
local now = now_ms()
local lost = redis.call('HINCRBY', KEYS[1], 'lost_leases', 1)
local attempt = string.format('%.0f', tonumber(record[2]) + 1)
tell_state(KEYS[4], KEYS[1], ARGV[7], 'CREATED', attempt)
if lost >= tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[1], 'attempt', attempt, 'updated_at', now)
  redis.call('HDEL', KEYS[1], 'entry')
  redis.call('XADD', KEYS[3], '*', 'kind', 'failed', 'home', ARGV[6], 'state', ARGV[2], 'attempt', attempt, 'body', ARGV[5])
  return {'failed', lost}
end
local entry = push(KEYS[2], ARGV[2], attempt, record[4], record[5])
redis.call('HSET', KEYS[1], 'attempt', attempt, 'entry', entry, 'updated_at', now)
return {'reclaimed', lost}
