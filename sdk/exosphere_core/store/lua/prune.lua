-- prune: CREATED → PRUNED. The branch ends here; it is neither a success nor a failure of the unites around it.
-- KEYS[1] hash    the state
-- KEYS[2] hash    the run
-- KEYS[3] stream  reports, where the report came from
-- KEYS[4] stream  reports of the run's own shard
-- KEYS[5] zset    ended runs
-- KEYS[6] set     pending runs of the graph
-- KEYS[7] stream  events of the run, while it is watched
-- KEYS[8] from here on, per unite that it counts for: its hash, its members zset
-- ARGV[1] attempt
-- ARGV[2] report id
-- ARGV[3] identifier
-- ARGV[4] run id
-- ARGV[5] namespace of the run
-- ARGV[6] data of the signal, JSON
-- ARGV[7] who executed it, or "" when that is not known
-- ARGV[8] for how long, ms, or ""
-- ARGV[9] number of unites
-- ARGV[10] from here on, per unite: its id, ""
-- returns {"applied" | "stale", status found}
-- uses clock fence report tell announce conclude unites ending grow
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt')
if not is_current(record, ARGV[1]) then
  acknowledge(KEYS[3], ARGV[2])
  return {'stale', record[1] or ''}
end
grow(KEYS[1])
local now = now_ms()
redis.call('HSET', KEYS[1], 'status', 'PRUNED', 'data', ARGV[6], 'worker', ARGV[7], 'ran_ms', ARGV[8],
  'updated_at', now)
redis.call('HINCRBY', KEYS[2], 'ended/' .. ARGV[3] .. '/PRUNED', 1)
tell_state(KEYS[7], KEYS[1], ARGV[3], 'PRUNED', ARGV[1])
count_ending(8, 10, tonumber(ARGV[9]), 'pruned', KEYS[4], ARGV[5], {})
acknowledge(KEYS[3], ARGV[2])
move_open(KEYS[2], KEYS[5], KEYS[6], KEYS[7], ARGV[4], -1, now)
return {'applied', record[1]}
