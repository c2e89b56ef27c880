-- retry: CREATED → RETRY_CREATED, and a new state with the same inputs that goes on with the branch.
-- The unites around it see no difference: one state is still pending.
-- KEYS[1] hash    the state
-- KEYS[2] hash    the run
-- KEYS[3] list    the run's states
-- KEYS[4] stream  reports, where the report came from
-- KEYS[5] stream  ready stream of the node, or outbox
-- KEYS[6] zset    due times
-- KEYS[7] hash    the new state
-- KEYS[8] stream  events of the run, while it is watched
-- ARGV[1] attempt
-- ARGV[2] report id
-- ARGV[3] identifier
-- ARGV[4] error text
-- ARGV[5] id of the new state
-- ARGV[6] task of the new state, JSON
-- ARGV[7] delay before it is ready, ms
-- ARGV[8] who executed it, or "" when that is not known
-- ARGV[9] for how long, ms, or ""
-- returns {"applied" | "stale", status found, due time in unix ms or ""}
-- uses clock fence report push create tell grow
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'inputs', 'restored')
if not is_current(record, ARGV[1]) then
  acknowledge(KEYS[4], ARGV[2])
  return {'stale', record[1] or '', ''}
end
grow(KEYS[1])
local now = now_ms()
local due_at = ''
tell_state(KEYS[8], KEYS[1], ARGV[3], 'RETRY_CREATED', ARGV[1])
-- A state that was restored may have been retried before: that state stands, and a recount follows.
if record[4] and redis.call('EXISTS', KEYS[7]) == 1 then
  redis.call('HSET', KEYS[1], 'status', 'RETRY_CREATED', 'error', ARGV[4], 'retried_by', ARGV[5], 'worker', ARGV[8],
    'ran_ms', ARGV[9], 'updated_at', now)
  acknowledge(KEYS[4], ARGV[2])
  return {'applied', record[1], ''}
end
if tonumber(ARGV[7]) > 0 then
  due_at = plus_ms(now, ARGV[7])
  create_due(KEYS[7], KEYS[6], ARGV[5], ARGV[6], record[3], due_at, now)
else
  create_ready(KEYS[7], KEYS[5], ARGV[5], ARGV[6], record[3])
end
tell_state(KEYS[8], KEYS[7], ARGV[3], 'CREATED', '1')
if record[4] then
  redis.call('HSET', KEYS[7], 'restored', '1')
end
redis.call('HSET', KEYS[1], 'status', 'RETRY_CREATED', 'error', ARGV[4], 'retried_by', ARGV[5], 'worker', ARGV[8],
  'ran_ms', ARGV[9], 'updated_at', now)
redis.call('HINCRBY', KEYS[2], 'ended/' .. ARGV[3] .. '/RETRY_CREATED', 1)
redis.call('HINCRBY', KEYS[2], 'made/' .. ARGV[3], 1)
redis.call('RPUSH', KEYS[3], ARGV[5])
acknowledge(KEYS[4], ARGV[2])
return {'applied', record[1], due_at}
