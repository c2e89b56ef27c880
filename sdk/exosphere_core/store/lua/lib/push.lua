-- Put a state on its ready stream. Returns the id of the entry, for the record.
local function push(ready, id, attempt, task, inputs)
  return redis.call('XADD', ready, '*', 'state', id, 'attempt', attempt, 'task', task, 'inputs', inputs)
end
