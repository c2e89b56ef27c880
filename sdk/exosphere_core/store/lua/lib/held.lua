-- The id of the last entry that was given to a group, by stream; nothing is given out while a script runs.
local given = {}
local function last_given(stream, group)
  if given[stream] == nil then
    local stands = group_stands(stream, group)
    if stands == BEHIND_ALL then
      stands = group_stands(stream, 'paused')
    end
    given[stream] = stands or false
  end
  return given[stream]
end

-- Whether an entry will still come to somebody of the group, or is in somebody's hands.
local function is_held(stream, group, entry)
  local moment, number = string.match(entry, '^(%d+)%-(%d+)$')
  if not moment or #redis.call('XRANGE', stream, entry, entry) == 0 then
    return false
  end
  local last = last_given(stream, group)
  if not last then
    return false
  end
  local last_moment, last_number = string.match(last, '^(%d+)%-(%d+)$')
  local ahead = tonumber(moment) - tonumber(last_moment)
  if ahead > 0 or (ahead == 0 and tonumber(number) > tonumber(last_number)) then
    return true
  end
  return #redis.call('XPENDING', stream, group, entry, entry, 1) > 0
end
