-- States whose successes were reported together, whatever runs they are of. All of them are judged before anything is written: a
-- record that can't be read then changes nothing. `current` holds the numbers of those that end now, `done` the reports that
-- need nothing more after this, `replies` per state "applied" | "stale" | "other" and the status found. "other" is left to
-- `advance`: somebody watches the run, so that `events` exists, or the state was made ready again or is being expanded.
local replies, done, current = {}, {}, {}
local moved, told = {}, {}
local function judge(n, key, events, attempt, report)
  local record = redis.call('HMGET', key, 'status', 'attempt', 'restored')
  if told[events] == nil then
    told[events] = redis.call('EXISTS', events) == 1
  end
  local word = 'other'
  if moved[key] or (record[1] ~= 'EXECUTED' and not is_current(record, attempt)) then
    word = 'stale'
    done[#done + 1] = report
  elseif record[1] ~= 'EXECUTED' and not record[3] and not told[events] then
    word = 'applied'
    moved[key] = true
    done[#done + 1] = report
    current[#current + 1] = n
  end
  replies[#replies + 1] = word
  replies[#replies + 1] = record[1] or ''
end
