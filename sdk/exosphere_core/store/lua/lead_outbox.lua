-- lead_outbox: an outbox goes on behind the last of its entries that came to another namespace, after it was lost and the
-- clock went back: what has a lower id is held there for one that came before.
-- KEYS[1] stream  outbox
-- ARGV[1] id of that entry
-- returns 1, or 0 when it is that far
-- uses grow
grow(KEYS[1])
local added = redis.pcall('XADD', KEYS[1], ARGV[1], 'passed', '')
if type(added) == 'table' then
  return 0
end
redis.call('XDEL', KEYS[1], ARGV[1])
return 1
