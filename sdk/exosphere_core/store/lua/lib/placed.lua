-- The id of the last entry that was given to a group, by stream; nothing is given out while a script runs.
local given = {}
local function last_given(stream, group)
  if given[stream] == nil then
    given[stream] = false
    for _, found in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
      local fields = {}
      for n = 1, #found, 2 do
        fields[found[n]] = found[n + 1]
      end
      if fields['name'] == group then
        given[stream] = fields['last-delivered-id']
      end
    end
  end
  return given[stream]
end

-- Whether an entry will still come to somebody of the group, or is in somebody's hands.
local function is_held(stream, group, entry)
  if #redis.call('XRANGE', stream, entry, entry) == 0 then
    return false
  end
  local last = last_given(stream, group)
  if not last then
    return false
  end
  local moment, number = string.match(entry, '^(%d+)%-(%d+)$')
  local last_moment, last_number = string.match(last, '^(%d+)%-(%d+)$')
  local ahead = tonumber(moment) - tonumber(last_moment)
  if ahead > 0 or (ahead == 0 and tonumber(number) > tonumber(last_number)) then
    return true
  end
  return #redis.call('XPENDING', stream, group, entry, entry, 1) > 0
end

-- Where a state that has not ended is. `record` is {status, attempt, entry, due_at, report, …}; `born` tells that its
-- first entry is on the report stream. Returns "" when it is where it should be, "undue" when it waits for a time that
-- nobody keeps, "lost" when no queue holds it: then at most a report of it is still to be applied.
local function place_of(record, id, ready, due, reports, born)
  if record[1] == 'EXECUTED' then
    return record[5] and is_held(reports, 'state-managers', record[5]) and '' or 'lost'
  elseif record[1] ~= 'CREATED' then
    return ''
  elseif record[4] then
    return redis.call('ZSCORE', due, id) and '' or 'undue'
  elseif not record[3] then
    return 'lost'
  elseif born and record[2] == '1' then
    return is_held(reports, 'state-managers', record[3]) and '' or 'lost'
  end
  return is_held(ready, 'runtimes', record[3]) and '' or 'lost'
end
