-- Whether a run's record reads as it did when the caller looked: ARGV from `at` on hold the number of its fields, then
-- names and values. Each move that makes or ends a state or a unite moves one of its counters, and those of states made
-- and ended never come back to an earlier value: so what was read since then belongs together.
local function is_unmoved(run, at)
  local fields = tonumber(ARGV[at])
  if redis.call('HLEN', run) ~= fields then
    return false
  end
  for n = 1, fields do
    if redis.call('HGET', run, ARGV[at + n * 2 - 1]) ~= ARGV[at + n * 2] then
      return false
    end
  end
  return true
end
