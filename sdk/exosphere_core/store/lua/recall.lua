-- recall: CREATED → CREATED, when the runtime of another namespace that took it shows no life: on the outbox under a new
-- attempt number. After too many lost leases it is reported as failed instead, and the retry policy decides.
-- KEYS[1] hash    the state
-- KEYS[2] stream  outbox
-- KEYS[3] stream  inbox
-- KEYS[4] stream  events of the run, while it is watched
-- ARGV[1] state id
-- ARGV[2] attempt that the lost entry carries
-- ARGV[3] how many lost leases are too many
-- ARGV[4] body of the failed report, JSON
-- ARGV[5] namespace of the run
-- ARGV[6] namespace of the node
-- ARGV[7] identifier
-- returns {"reclaimed" | "failed" | "stale", lost leases}
-- uses clock fence push tell grow
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'task', 'inputs')
if not is_current(record, ARGV[2]) then
  return {'stale', 0}
end
grow(KEYS[1])
local now = now_ms()
local lost = redis.call('HINCRBY', KEYS[1], 'lost_leases', 1)
local attempt = string.format('%.0f', tonumber(record[2]) + 1)
tell_state(KEYS[4], KEYS[1], ARGV[7], 'CREATED', attempt)
if lost >= tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], 'attempt', attempt, 'updated_at', now)
  redis.call('HDEL', KEYS[1], 'entry')
  redis.call('XADD', KEYS[3], '*', 'kind', 'failed', 'home', ARGV[5], 'state', ARGV[1], 'attempt', attempt,
    'body', ARGV[4], 'via', ARGV[6])
  return {'failed', lost}
end
local entry = push(KEYS[2], ARGV[1], attempt, record[3], record[4])
redis.call('HSET', KEYS[1], 'attempt', attempt, 'entry', entry, 'updated_at', now)
return {'reclaimed', lost}
