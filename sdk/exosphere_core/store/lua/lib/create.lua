-- Make the record of a state that is ready now. Returns the time: the id of the entry on the
-- ready stream begins with it, which spares a call. `laid`: the record holds the inputs already.
local function create_ready(state, ready, id, task, inputs, laid)
  local entry = push(ready, id, '1', task, inputs)
  local now = string.match(entry, '^%d+')
  if laid then
    redis.call('HSET', state, 'status', 'CREATED', 'attempt', '1', 'task', task,
      'entry', entry, 'created_at', now, 'updated_at', now)
  else
    redis.call('HSET', state, 'status', 'CREATED', 'attempt', '1', 'task', task, 'inputs', inputs,
      'entry', entry, 'created_at', now, 'updated_at', now)
  end
  return now
end

-- Make the record of a state that becomes ready at `due_at`.
local function create_due(state, due, id, task, inputs, due_at, now)
  redis.call('ZADD', due, due_at, id)
  redis.call('HSET', state, 'status', 'CREATED', 'attempt', '1', 'task', task, 'inputs', inputs,
    'due_at', due_at, 'created_at', now, 'updated_at', now)
end
