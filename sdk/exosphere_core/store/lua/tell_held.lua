-- tell_held: tells of entries of ready streams whether a runtime will take them or has them; changes nothing.
-- KEYS[1] stream  a ready stream, and the next one from here on
-- ARGV[1] from here on, per stream: id of an entry
-- returns per entry 1 or 0
-- uses given held
local replies = {}
for n = 1, #KEYS do
  replies[n] = is_held(KEYS[n], 'runtimes', ARGV[n]) and 1 or 0
end
return replies
