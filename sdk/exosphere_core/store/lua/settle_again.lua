-- settle_again: a unite whose last branch has ended is told again through the report stream.
-- KEYS[1] hash    the unite
-- KEYS[2] stream  reports of the run's shard
-- ARGV[1] id of the unite
-- ARGV[2] namespace of the run
-- returns 1, or 0 when it needs that no more
-- uses grow
local unite = redis.call('HMGET', KEYS[1], 'status', 'pending')
if unite[1] ~= 'ARMED' or tonumber(unite[2]) ~= 0 then
  return 0
end
grow(KEYS[1])
redis.call('XADD', KEYS[2], '*', 'kind', 'settled', 'home', ARGV[2], 'state', ARGV[1], 'attempt', '0', 'body', '{}')
return 1
