-- advance: CREATED | EXECUTED → SUCCESS. Stores the outputs, makes the children ready, ends the state.
-- KEYS[1] hash    the state
-- KEYS[2] hash    the run
-- KEYS[3] list    the run's states
-- KEYS[4] stream  reports, where the report came from
-- KEYS[5] list    the run's unites
-- KEYS[6] stream  reports of the run's own shard
-- KEYS[7] zset    ended runs
-- KEYS[8] hash    the run's store
-- KEYS[9] set     pending runs of the graph
-- KEYS[10] stream events of the run, while it is watched
-- KEYS[11] from here on: siblings, children and unites as lib/offspring says
-- ARGV[1] attempt
-- ARGV[2] report id
-- ARGV[3] identifier
-- ARGV[4] outputs of the state itself, JSON
-- ARGV[5] number of siblings in this chunk
-- ARGV[6] number of children in this chunk
-- ARGV[7] number of unites that it counts for or arms
-- ARGV[8] member of the state itself in the unites that collect it
-- ARGV[9] run id
-- ARGV[10] namespace of the run
-- ARGV[11] how many successful states lead on: the outputs, at least 1
-- ARGV[12] number of store writes
-- ARGV[13] how many outputs it gave as a list, or ""
-- ARGV[14] how many chunks `expand` applied before
-- ARGV[15] who executed it, or "" when that is not known
-- ARGV[16] for how long, ms, or ""
-- ARGV[17] from here on: siblings, children and unites as lib/offspring says, then store keys and values
-- returns {"applied" | "stale" | "gap", status found}; "gap": an earlier chunk is not there
-- uses fence report grow
local record = redis.call('HMGET', KEYS[1], 'status', 'attempt', 'report', 'restored', 'expanded')
local again = is_continued(record, ARGV[1], record[3], ARGV[2])
if not again and not is_current(record, ARGV[1]) then
  acknowledge(KEYS[4], ARGV[2])
  return {'stale', record[1] or ''}
end
-- A replica that took over may lack a chunk that its master acknowledged: going on would leave a hole.
if ARGV[14] ~= '0' and (not again or tonumber(record[5] or '0') < tonumber(ARGV[14])) then
  return {'gap', record[1]}
end
-- A state that was restored may have had children before.
again = again or record[4]
grow(KEYS[1])

-- uses clock push create tell offspring announce conclude unites
local counts = {siblings = tonumber(ARGV[5]), children = tonumber(ARGV[6]), unites = tonumber(ARGV[7])}
tell_state(KEYS[10], KEYS[1], ARGV[3], 'SUCCESS', ARGV[1])
local opened, pending, fresh, now = bear({
  keys = 11, args = 17, again = again, restored = record[4], state = KEYS[1],
  run = KEYS[2], states = KEYS[3], unites = KEYS[5], events = KEYS[10], identifier = ARGV[3],
}, counts)
redis.call('HSET', KEYS[1], 'status', 'SUCCESS', 'outputs', ARGV[4], 'worker', ARGV[15], 'ran_ms', ARGV[16],
  'updated_at', now)
redis.call('HINCRBY', KEYS[2], 'ended/' .. ARGV[3] .. '/SUCCESS', 1)
if ARGV[13] ~= '' then
  redis.call('HSET', KEYS[1], 'width', ARGV[13])
end
local unite_arg = 17 + counts.siblings * 4 + counts.children * 5
local unite_key = 11 + counts.siblings + counts.children * 2
local write = unite_arg + counts.unites * 6
for _ = 1, tonumber(ARGV[12]) do
  redis.call('HSET', KEYS[8], ARGV[write], ARGV[write + 1])
  write = write + 2
end
for n = 1, counts.unites do
  local unite = KEYS[unite_key + (n - 1) * 2]
  local arg = unite_arg + (n - 1) * 6
  if ARGV[arg + 4] == '1' then
    redis.call('HINCRBY', unite, 'arrived', ARGV[11])
  end
  if ARGV[arg + 5] == '1' then
    redis.call('ZADD', KEYS[unite_key + (n - 1) * 2 + 1], 0, ARGV[8])
  end
  if pending[n] ~= 1 or fresh[n] then
    move_pending(unite, ARGV[arg], pending[n] - 1, KEYS[6], ARGV[10])
  end
end
acknowledge(KEYS[4], ARGV[2])
move_open(KEYS[2], KEYS[7], KEYS[9], KEYS[10], ARGV[9], opened - 1, now)
return {'applied', record[1]}
