-- complete: what a state brought into being and was lost is made again. What exists stays as it is.
-- KEYS[1] hash  the run
-- KEYS[2] list  the run's states
-- KEYS[3] list  the run's unites
-- KEYS[4] hash  the state that caused it
-- KEYS[5] stream  events of the run, while it is watched
-- KEYS[6] from here on: children and unites as lib/offspring says
-- ARGV[1] identifier of the state
-- ARGV[2] number of children
-- ARGV[3] number of unites
-- ARGV[4] from here on: children and unites as lib/offspring says, then the run's record as lib/unmoved says
-- returns the run's record afterwards; nothing when it moved meanwhile
-- uses clock push create tell offspring unmoved grow
local counts = {siblings = 0, children = tonumber(ARGV[2]), unites = tonumber(ARGV[3])}
if not is_unmoved(KEYS[1], 4 + counts.children * 5 + counts.unites * 6) then
  return {}
end
grow(KEYS[1])
local opened, pending = bear({
  keys = 6, args = 4, again = true, restored = true, state = KEYS[4],
  run = KEYS[1], states = KEYS[2], unites = KEYS[3], events = KEYS[5], identifier = ARGV[1],
}, counts)
-- A unite that was armed here waits for far too many branches: a recount follows. One too few would let it fire early.
for n = 1, counts.unites do
  if pending[n] ~= 0 then
    redis.call('HINCRBY', KEYS[6 + counts.children * 2 + (n - 1) * 2], 'pending', pending[n])
  end
end
if opened ~= 0 then
  redis.call('HINCRBY', KEYS[1], 'open', opened)
end
return redis.call('HGETALL', KEYS[1])
