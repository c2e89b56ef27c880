-- forget_consumer: a consumer that holds nothing and has been silent for long is taken off its group.
-- Deleting one that holds something would drop what it holds, so both are looked at in one step.
-- KEYS[1] stream  a ready or report stream
-- ARGV[1] group
-- ARGV[2] how long it must have been silent, ms; it must have been longer
-- ARGV[3] name of the one that it is about, or "" for all
-- returns how many were taken off
-- uses grow
local gone = 0
grow(KEYS[1])
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local fields = {}
  for n = 1, #consumer, 2 do
    fields[consumer[n]] = consumer[n + 1]
  end
  local meant = ARGV[3] == '' or ARGV[3] == fields['name']
  if meant and fields['pending'] == 0 and fields['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], fields['name'])
    gone = gone + 1
  end
end
return gone
