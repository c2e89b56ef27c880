-- step: CREATED → SUCCESS, with one child and nothing else: steps of chains, by far the commonest move. Those that were
-- reported together share one script, whatever runs they are of. What it finds to be more than that, as somebody watches the
-- run or the state was made ready again, it leaves to `advance`.
-- KEYS[1] stream  reports, where the reports came from
-- KEYS[2] from here on, per state: its hash, hash of its run, list of the run's states, stream of the run's events while it is
--   watched, the child's hash, whose key ends with its id, and the ready stream of the child's node, or outbox
-- ARGV[1] from here on, per state: attempt, report id, outputs as JSON, who executed it or "", for how long in ms or "", task
--   and inputs of the child as JSON, the run's counter of states that were made of the child's node, and that of states that
--   succeeded of the state's node
-- returns per state "applied" | "stale" | "other" and the status found; "other": `advance` is to be applied
-- uses fence judged report grow
for n = 0, (#KEYS - 7) / 6 do
  judge(n, KEYS[n * 6 + 2], KEYS[n * 6 + 5], ARGV[n * 9 + 1], ARGV[n * 9 + 2])
end
if #current > 0 then
  grow(KEYS[2])
end
for _, n in ipairs(current) do
  local key, arg = n * 6 + 1, n * 9
  local child, task, inputs = KEYS[key + 5], ARGV[arg + 6], ARGV[arg + 7]
  local id = string.sub(child, -32)
  -- The run first: where it can't be written to, nothing of this state is moved. Text, as Redis spells a number by `printf`.
  redis.call('HINCRBY', KEYS[key + 2], ARGV[arg + 8], '1')
  local entry = redis.call('XADD', KEYS[key + 6], '*', 'state', id, 'attempt', '1', 'task', task, 'inputs', inputs)
  -- The id of an entry begins with the time, which spares a call.
  local now = string.match(entry, '^%d+')
  redis.call('HSET', child, 'status', 'CREATED', 'attempt', '1', 'task', task, 'inputs', inputs, 'entry', entry,
    'created_at', now, 'updated_at', now)
  redis.call('RPUSH', KEYS[key + 3], id)
  redis.call('HSET', KEYS[key + 1], 'status', 'SUCCESS', 'outputs', ARGV[arg + 3], 'worker', ARGV[arg + 4],
    'ran_ms', ARGV[arg + 5], 'updated_at', now)
  redis.call('HINCRBY', KEYS[key + 2], ARGV[arg + 9], '1')
end
if #done > 0 then
  acknowledge(KEYS[1], unpack(done))
end
return replies
