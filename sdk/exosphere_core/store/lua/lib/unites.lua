-- Move the count of what a unite waits for; at zero it has settled, and a state
-- manager is told through the report stream, so that a crash can't lose it.
local function move_pending(unite, unite_id, by, inbox, home)
  if redis.call('HINCRBY', unite, 'pending', by) == 0 then
    redis.call('XADD', inbox, '*', 'kind', 'settled', 'home', home, 'state', unite_id, 'attempt', '0', 'body', '{}')
  end
end
