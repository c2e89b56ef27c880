-- deliver: states of another slot's outbox come to their ready streams, each once: those up to the last that came before
-- are not pushed again. Who asks again for the newest ones is told where they are.
-- KEYS[1] hash    what came from which outbox
-- KEYS[2] from here on, per entry: ready stream of its node
-- ARGV[1] name of the outbox
-- ARGV[2] from here on, per entry, in their order: its id in the outbox, state id, attempt, task, inputs
-- returns per entry the id of its entry in the ready stream, or "" when it came too long ago
-- uses push grow
local function is_after(id, other)
  local moment, number = string.match(id, '^(%d+)-(%d+)$')
  local other_moment, other_number = string.match(other, '^(%d+)-(%d+)$')
  moment, other_moment = tonumber(moment), tonumber(other_moment)
  return moment > other_moment or (moment == other_moment and tonumber(number) > tonumber(other_number))
end

local known = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[1] .. '/entries')
local last = known[1] or '0-0'
local newest = last
local entry_of = {}
for id, entry in string.gmatch(known[2] or '', '(%S+)=(%S+)') do
  entry_of[id] = entry
end
local replies, kept = {}, {}
grow(KEYS[1])
for n = 1, #KEYS - 1 do
  local arg = 2 + (n - 1) * 5
  local id = ARGV[arg]
  local entry
  if is_after(id, newest) then
    entry = push(KEYS[1 + n], ARGV[arg + 1], ARGV[arg + 2], ARGV[arg + 3], ARGV[arg + 4])
    newest = id
  else
    entry = entry_of[id]
  end
  replies[n] = entry or ''
  if entry then
    kept[#kept + 1] = id .. '=' .. entry
  end
end
-- What is not asked for any more, now that there is something new, was noted by its own shard.
if newest ~= last then
  redis.call('HSET', KEYS[1], ARGV[1], newest, ARGV[1] .. '/entries', table.concat(kept, ' '))
end
return replies
