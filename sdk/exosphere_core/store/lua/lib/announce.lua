-- Tell those who watch a namespace that a run began, is pending again or has ended. `run` is the run's key: its hash tag
-- begins with the namespace. Nothing that fails here stops a transition.
local function announce(run, run_id, status, graph)
  redis.pcall('PUBLISH', 'exo:runs:' .. string.match(run, '{([^:}]*)'), run_id .. ' ' .. status .. ' ' .. (graph or ''))
end
