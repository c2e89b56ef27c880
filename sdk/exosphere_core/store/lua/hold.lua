-- hold: a settled unite ARMED → WAITING, when a branch failed under ALL_SUCCESS: it holds neither its run nor the
-- unites around it back any longer.
-- KEYS[1] hash    the unite
-- KEYS[2] hash    the run
-- KEYS[3] stream  reports of the run's own shard
-- KEYS[4] zset    ended runs
-- KEYS[5] set     pending runs of the graph
-- KEYS[6] stream  events of the run, while it is watched
-- KEYS[7] from here on, per unite around it: its hash
-- ARGV[1] report id
-- ARGV[2] run id
-- ARGV[3] namespace of the run
-- ARGV[4] number of unites around it
-- ARGV[5] from here on, per unite around it: its id
-- returns {"applied" | "stale" | "gap", status found}; "gap": this server knows of no branch that failed
-- uses clock report tell announce conclude unites grow
local unite = redis.call('HMGET', KEYS[1], 'status', 'pending', 'errored')
if unite[1] ~= 'ARMED' or tonumber(unite[2]) ~= 0 then
  acknowledge(KEYS[3], ARGV[1])
  return {'stale', unite[1] or ''}
end
-- Who asks may have read on another server than this one, before or after one of them took over.
if tonumber(unite[3]) == 0 then
  return {'gap', unite[1]}
end
grow(KEYS[1])
redis.call('HSET', KEYS[1], 'status', 'WAITING')
for n = 1, tonumber(ARGV[4]) do
  move_pending(KEYS[6 + n], ARGV[4 + n], -1, KEYS[3], ARGV[3])
end
acknowledge(KEYS[3], ARGV[1])
move_open(KEYS[2], KEYS[4], KEYS[5], KEYS[6], ARGV[2], -1, now_ms())
return {'applied', 'ARMED'}
