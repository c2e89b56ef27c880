-- step: CREATED → SUCCESS, with one child and nothing else: a step of a chain, by far the commonest move. What it finds to
-- be more than that, as somebody watches the run or the state was made ready again, it leaves to `advance`.
-- KEYS[1] hash    the state
-- KEYS[2] hash    the run
-- KEYS[3] list    the run's states
-- KEYS[4] stream  reports, where the report came from
-- KEYS[5] stream  events of the run, while it is watched
-- KEYS[6] hash    the child; its key ends with its id
-- KEYS[7] stream  ready stream of the child's node, or outbox
-- ARGV[1] attempt
-- ARGV[2] report id
-- ARGV[3] outputs of the state, JSON
-- ARGV[4] who executed it, or "" when that is not known
-- ARGV[5] for how long, ms, or ""
-- ARGV[6] task of the child, JSON
-- ARGV[7] inputs of the child, JSON
-- ARGV[8] the run's counter of states that were made of the child's node
-- ARGV[9] the run's counter of states that succeeded of the state's node
-- returns {"applied" | "stale" | "other", status found}; "other": nothing was changed, `advance` is to be applied
-- uses fence report grow
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'restored')
if not is_current(record, ARGV[1]) then
  if record[1] == 'EXECUTED' then
    return {'other', record[1]}
  end
  acknowledge(KEYS[4], ARGV[2])
  return {'stale', record[1] or ''}
end
if record[3] or redis.call('EXISTS', KEYS[5]) == 1 then
  return {'other', record[1]}
end
grow(KEYS[1])
local child = string.sub(KEYS[6], -32)
local entry = redis.call('XADD', KEYS[7], '*', 'state', child, 'attempt', '1', 'task', ARGV[6], 'inputs', ARGV[7])
-- The id of an entry begins with the time, which spares a call.
local now = string.match(entry, '^%d+')
redis.call('HSET', KEYS[6], 'status', 'CREATED', 'attempt', '1', 'task', ARGV[6], 'inputs', ARGV[7],
  'entry', entry, 'created_at', now, 'updated_at', now)
redis.call('HINCRBY', KEYS[2], ARGV[8], 1)
redis.call('RPUSH', KEYS[3], child)
redis.call('HSET', KEYS[1], 'status', 'SUCCESS', 'outputs', ARGV[3], 'worker', ARGV[4], 'ran_ms', ARGV[5],
  'updated_at', now)
redis.call('HINCRBY', KEYS[2], ARGV[9], 1)
acknowledge(KEYS[4], ARGV[2])
return {'applied', record[1]}
