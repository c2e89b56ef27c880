-- close: a settled unite ends without running. ARMED → PRUNED: its state is recorded as PRUNED, when there were
-- nothing but pruned branches; ARMED → FIRED: its state is recorded as ERRORED, when its inputs can't be made.
-- KEYS[1] hash    the unite
-- KEYS[2] hash    the run
-- KEYS[3] list    the run's states
-- KEYS[4] stream  reports of the run's own shard
-- KEYS[5] hash    the uniting state
-- KEYS[6] zset    ended runs
-- KEYS[7] set     pending runs of the graph
-- KEYS[8] stream  events of the run, while it is watched
-- KEYS[9] from here on, per unite around it: its hash, its members zset
-- ARGV[1] report id
-- ARGV[2] id of the uniting state
-- ARGV[3] its identifier
-- ARGV[4] its task, JSON
-- ARGV[5] run id
-- ARGV[6] namespace of the run
-- ARGV[7] its status: PRUNED or ERRORED
-- ARGV[8] error text, or ""
-- ARGV[9] number of unites around it
-- ARGV[10] id of the unite
-- ARGV[11] how many pages of errors were to be tolerated before
-- ARGV[12] from here on, per unite around it: its id, a member to add or ""
-- returns {"applied" | "stale" | "gap", status found}; "gap": this server lacks what was tolerated, or knows of other branches
-- uses clock report tell announce conclude unites ending errors grow tolerated
local unite = redis.call('HMGET', KEYS[1], 'status', 'pending', 'arrived', 'errored')
if unite[1] ~= 'ARMED' or tonumber(unite[2]) ~= 0 then
  acknowledge(KEYS[4], ARGV[1])
  return {'stale', unite[1] or ''}
end
-- Who asks may have read on another server than this one, before or after one of them took over.
local is_pruned = tonumber(unite[3]) == 0 and tonumber(unite[4]) == 0
if not are_tolerated(KEYS[1], ARGV[1], tonumber(ARGV[11])) or (ARGV[7] == 'PRUNED' and not is_pruned) then
  return {'gap', unite[1]}
end
grow(KEYS[1])
local now = now_ms()
local around = tonumber(ARGV[9])
redis.call('HSET', KEYS[5], 'status', ARGV[7], 'attempt', '1', 'task', ARGV[4], 'inputs', '{}',
  'created_at', now, 'updated_at', now)
tell_state(KEYS[8], KEYS[5], ARGV[3], ARGV[7], '1')
redis.call('RPUSH', KEYS[3], ARGV[2])
redis.call('HINCRBY', KEYS[2], 'made/' .. ARGV[3], 1)
redis.call('HINCRBY', KEYS[2], 'ended/' .. ARGV[3] .. '/' .. ARGV[7], 1)
if ARGV[7] == 'ERRORED' then
  redis.call('HSET', KEYS[1], 'status', 'FIRED')
  redis.call('HSET', KEYS[5], 'error', ARGV[8], 'unite', ARGV[10])
  local hidden = note_error(KEYS[5], KEYS[2], 9, 12, around)
  count_ending(9, 12, around, 'errored', KEYS[4], ARGV[6], hidden)
else
  redis.call('HSET', KEYS[1], 'status', 'PRUNED')
  count_ending(9, 12, around, 'pruned', KEYS[4], ARGV[6], {})
end
acknowledge(KEYS[4], ARGV[1])
move_open(KEYS[2], KEYS[6], KEYS[7], KEYS[8], ARGV[5], -1, now)
return {'applied', 'ARMED'}
