-- leaf: CREATED → SUCCESS, with nothing that follows and no unite that waits for it: the end of a run, or of a branch that
-- nobody collects. Those that were reported together share one script, whatever runs they are of. What it finds to be more
-- than that, as somebody watches the run or the state was made ready again, it leaves to `advance`.
-- KEYS[1] stream  reports, where the reports came from
-- KEYS[2] zset    ended runs
-- KEYS[3] from here on, per state: its hash, hash of its run, stream of the run's events while it is watched, and the set of
--   the pending runs of its graph
-- ARGV[1] from here on, per state: attempt, report id, outputs as JSON, who executed it or "", for how long in ms or "", the
--   run's counter of states that succeeded of its node, and the run's id
-- returns per state "applied" | "stale" | "other" and the status found; "other": `advance` is to be applied
-- uses fence judged report grow
for n = 0, (#KEYS - 6) / 4 do
  judge(n, KEYS[n * 4 + 3], KEYS[n * 4 + 5], ARGV[n * 7 + 1], ARGV[n * 7 + 2])
end
if #current == 0 then
  if #done > 0 then
    acknowledge(KEYS[1], unpack(done))
  end
  return replies
end
grow(KEYS[3])
-- uses clock tell announce conclude
watched = false
local now = now_ms()
for _, n in ipairs(current) do
  local key, arg = n * 4 + 2, n * 7
  -- The run first: where it can't be written to, nothing of this state is moved. Text, as Redis spells a number by `printf`.
  redis.call('HINCRBY', KEYS[key + 2], ARGV[arg + 6], '1')
  redis.call('HSET', KEYS[key + 1], 'status', 'SUCCESS', 'outputs', ARGV[arg + 3], 'worker', ARGV[arg + 4],
    'ran_ms', ARGV[arg + 5], 'updated_at', now)
  move_open(KEYS[key + 2], KEYS[2], KEYS[key + 4], KEYS[key + 3], ARGV[arg + 7], '-1', now)
end
acknowledge(KEYS[1], unpack(done))
return replies
