-- tell_states: how states stand that were there when a run began to be watched. One that something was told of since is
-- left out: whoever watches knows it. So each state is told of whole, and nothing twice.
-- KEYS[1] stream  events of the run
-- KEYS[2] hash    the run
-- KEYS[3] from here on: states
-- ARGV[1] id of the first event, as it was read
-- ARGV[2] id of the newest event that the caller has read: up to there none tells of these states
-- ARGV[3] how many newer ones there may be
-- ARGV[4] "1" when these are the last states
-- ARGV[5] from here on: identifiers of the states
-- returns "told"; "moved" when there are too many newer events: the caller reads them and comes again; "gone" when these
--   events are kept no more, or are told whole
-- uses tell
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local run = redis.call('HMGET', KEYS[2], 'status', 'told')
if not first or first[1] ~= ARGV[1] or not run[1] or run[2] == ARGV[1] then
  return 'gone'
end
local newer = redis.call('XRANGE', KEYS[1], '(' .. ARGV[2], '+', 'COUNT', ARGV[3])
if #newer >= tonumber(ARGV[3]) then
  return 'moved'
end
local known = {}
for _, entry in ipairs(newer) do
  for n = 1, #entry[2], 2 do
    if entry[2][n] == 'state' then
      known[entry[2][n + 1]] = true
    end
  end
end
for n = 3, #KEYS do
  local id = string.sub(KEYS[n], -32)
  local record = redis.call('HMGET', KEYS[n], 'status', 'attempt')
  if record[1] and not known[id] then
    redis.call('XADD', KEYS[1], '*', 'kind', 'found', 'status', record[1], 'state', id,
      'identifier', ARGV[n + 2], 'attempt', record[2] or '')
  end
end
if ARGV[4] == '1' then
  redis.call('XADD', KEYS[1], '*', 'kind', 'current', 'status', run[1])
  redis.call('HSET', KEYS[2], 'told', ARGV[1])
end
is_watched(KEYS[1])
return 'told'
