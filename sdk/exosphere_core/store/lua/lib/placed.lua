-- Where a state that has not ended is. `record` is {status, attempt, entry, due_at, report, …}; `queue` is the stream it is
-- pushed on; `born` tells that its first entry is on the report stream, `abroad` that its node is of another namespace.
-- Returns "" when it is where it should be, "undue" when it waits for a time that nobody keeps, "lost" when no queue holds
-- it: then at most a report of it is still to be applied. One that was handed over: its entry, whose queue is in another
-- slot and is to be asked there.
local function place_of(record, id, queue, due, reports, inbox, born, abroad)
  local entry = record[3]
  if record[1] == 'EXECUTED' then
    -- The record does not say which of the two its report came by.
    local report = record[5]
    if report and (is_held(reports, 'state-managers', report) or is_held(inbox, 'state-managers', report)) then
      return ''
    end
    return 'lost'
  elseif record[1] ~= 'CREATED' then
    return ''
  elseif record[4] then
    return redis.call('ZSCORE', due, id) and '' or 'undue'
  elseif not entry then
    return 'lost'
  elseif born and record[2] == '1' then
    return is_held(reports, 'state-managers', entry) and '' or 'lost'
  elseif not abroad then
    return is_held(queue, 'runtimes', entry) and '' or 'lost'
  elseif string.match(entry, '^>%d+%-%d+$') then
    return entry
  end
  -- An outbox has no group: what is on it is carried, by whomever.
  return string.match(entry, '^%d+%-%d+$') and #redis.call('XRANGE', queue, entry, entry) > 0 and '' or 'lost'
end
