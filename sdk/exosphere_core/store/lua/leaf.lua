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
-- uses fence report grow
local replies, done, current, moved = {}, {}, {}, {}
-- All of them are read before anything is written: a record that can't be read then changes nothing.
for n = 0, (#KEYS - 6) / 4 do
  local key, arg = KEYS[n * 4 + 3], n * 7
  local record = redis.call('HMGET', key, 'status', 'attempt', 'restored')
  local word = 'other'
  if moved[key] or (record[1] ~= 'EXECUTED' and not is_current(record, ARGV[arg + 1])) then
    word = 'stale'
    done[#done + 1] = ARGV[arg + 2]
  elseif record[1] ~= 'EXECUTED' and not record[3] and redis.call('EXISTS', KEYS[n * 4 + 5]) == 0 then
    word = 'applied'
    moved[key] = true
    done[#done + 1] = ARGV[arg + 2]
    current[#current + 1] = n
  end
  replies[#replies + 1] = word
  replies[#replies + 1] = record[1] or ''
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
