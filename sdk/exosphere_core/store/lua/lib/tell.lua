-- Tell those who watch a run what became of it. The stream of its events is there while somebody watches; until then
-- this costs one look. Nothing that fails here stops a transition.
local watched
local function is_watched(events)
  if watched == nil then
    watched = redis.call('EXISTS', events) == 1
    if watched then
      redis.pcall('PUBLISH', 'exo:run-told', events)
    end
  end
  return watched
end

-- `state` is the key of a state: it ends with the id.
local function tell_state(events, state, identifier, status, attempt)
  if is_watched(events) then
    redis.pcall('XADD', events, '*', 'kind', 'state', 'status', status, 'state', string.sub(state, -32),
      'identifier', identifier, 'attempt', attempt)
  end
end

local function tell_run(events, status)
  if is_watched(events) then
    redis.pcall('XADD', events, '*', 'kind', 'run', 'status', status)
  end
end
