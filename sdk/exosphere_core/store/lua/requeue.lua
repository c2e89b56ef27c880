-- requeue: CREATED → CREATED, ready again after a delay, or at once when a runtime gives it back.
-- The attempt number moves on, so nothing that the old delivery still says counts.
-- KEYS[1] hash    the state
-- KEYS[2] stream  reports, where the report came from
-- KEYS[3] stream  ready stream of the node, or outbox
-- KEYS[4] zset    due times
-- KEYS[5] stream  events of the run, while it is watched
-- ARGV[1] attempt
-- ARGV[2] report id
-- ARGV[3] state id
-- ARGV[4] delay, ms
-- ARGV[5] identifier
-- ARGV[6] who executed it, or "" when that is not known
-- ARGV[7] for how long, ms, or ""; neither is written when it is given back
-- returns {"applied" | "stale", status found, due time in unix ms or ""}
-- uses clock fence report push tell grow
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'task', 'inputs')
if not is_current(record, ARGV[1]) then
  acknowledge(KEYS[2], ARGV[2])
  return {'stale', record[1] or '', ''}
end
grow(KEYS[1])
local now = now_ms()
local due_at = ''
local attempt = string.format('%.0f', tonumber(record[2]) + 1)
if tonumber(ARGV[4]) > 0 then
  -- The node itself asked to be run again: its worker outlived it.
  redis.call('HDEL', KEYS[1], 'lost_leases')
  due_at = plus_ms(now, ARGV[4])
  redis.call('ZADD', KEYS[4], due_at, ARGV[3])
  redis.call('HSET', KEYS[1], 'attempt', attempt, 'due_at', due_at, 'worker', ARGV[6], 'ran_ms', ARGV[7],
    'updated_at', now)
  redis.call('HDEL', KEYS[1], 'entry')
else
  local entry = push(KEYS[3], ARGV[3], attempt, record[3], record[4])
  redis.call('HSET', KEYS[1], 'attempt', attempt, 'entry', entry, 'updated_at', now)
end
tell_state(KEYS[5], KEYS[1], ARGV[5], 'CREATED', attempt)
acknowledge(KEYS[2], ARGV[2])
return {'applied', record[1], due_at}
