-- finish: CREATED → SUCCESS, with nothing that follows but what unites wait for: the end of a branch, or of a run. What it
-- finds to be more than that, as somebody watches the run or the state was made ready again, it leaves to `advance`.
-- KEYS[1] hash    the state
-- KEYS[2] hash    the run
-- KEYS[3] stream  reports, where the report came from
-- KEYS[4] stream  events of the run, while it is watched
-- KEYS[5] stream  reports of the run's own shard
-- KEYS[6] zset    ended runs
-- KEYS[7] set     pending runs of the graph
-- KEYS[8] from here on, per unite: its hash, its members zset
-- ARGV[1] attempt
-- ARGV[2] report id
-- ARGV[3] outputs of the state, JSON
-- ARGV[4] who executed it, or "" when that is not known
-- ARGV[5] for how long, ms, or ""
-- ARGV[6] the run's counter of states that succeeded of the state's node
-- ARGV[7] run id
-- ARGV[8] namespace of the run
-- ARGV[9] member of the state in the unites that collect it
-- ARGV[10] number of unites that it counts for
-- ARGV[11] from here on, per unite: its id, "1" when the state leads straight to it, "1" when it collects its values
-- returns {"applied" | "stale" | "other", status found}; "other": nothing was changed, `advance` is to be applied
-- uses fence report grow
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'restored')
if not is_current(record, ARGV[1]) then
  if record[1] == 'EXECUTED' then
    return {'other', record[1]}
  end
  acknowledge(KEYS[3], ARGV[2])
  return {'stale', record[1] or ''}
end
if record[3] or redis.call('EXISTS', KEYS[4]) == 1 then
  return {'other', record[1]}
end
grow(KEYS[1])
-- uses clock tell announce conclude unites
local now = now_ms()
redis.call('HSET', KEYS[1], 'status', 'SUCCESS', 'outputs', ARGV[3], 'worker', ARGV[4], 'ran_ms', ARGV[5],
  'updated_at', now)
redis.call('HINCRBY', KEYS[2], ARGV[6], 1)
for n = 1, tonumber(ARGV[10]) do
  local unite = KEYS[6 + n * 2]
  local arg = 8 + n * 3
  if ARGV[arg + 1] == '1' then
    redis.call('HINCRBY', unite, 'arrived', 1)
  end
  if ARGV[arg + 2] == '1' then
    redis.call('ZADD', KEYS[7 + n * 2], 0, ARGV[9])
  end
  move_pending(unite, ARGV[arg], -1, KEYS[5], ARGV[8])
end
acknowledge(KEYS[3], ARGV[2])
move_open(KEYS[2], KEYS[6], KEYS[7], KEYS[4], ARGV[7], -1, now)
return {'applied', record[1]}
