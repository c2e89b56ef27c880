-- take_ready: takes states off ready streams for a client that polls: up to a number in all, and of each stream about the same.
-- What is no stream, or has no group, gives nothing: its node is not registered, or the reconciler has to mend it.
-- KEYS[1] stream  a ready stream, and the next one from here on
-- ARGV[1] consumer that holds them then
-- ARGV[2] how many at the most
-- returns {position of a stream among the keys, its entries}, a stream maybe more than once
local left = tonumber(ARGV[2])
local replies = {}
local open = {}
for n = 1, #KEYS do
  open[n] = n
end
while left > 0 and #open > 0 do
  local share = math.max(1, math.floor(left / #open))
  local still = {}
  for _, n in ipairs(open) do
    local count = math.min(share, left)
    local reply = count > 0
      and redis.pcall('XREADGROUP', 'GROUP', 'runtimes', ARGV[1], 'COUNT', count, 'STREAMS', KEYS[n], '>')
    if reply and not reply['err'] then
      local entries = reply[1][2]
      replies[#replies + 1] = {n, entries}
      left = left - #entries
      if #entries == count then
        still[#still + 1] = n
      end
    end
  end
  open = still
end
return replies
