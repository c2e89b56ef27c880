-- record_once: the first result of a piece of work is kept for all deliveries of its attempt chain.
-- KEYS[1] hash  the run
-- KEYS[2] hash  what was recorded in it
-- ARGV[1] id of the attempt chain
-- ARGV[2] key
-- ARGV[3] result, JSON
-- ARGV[4] the most keys of one attempt chain
-- returns {"recorded", ""}, {"known", the result that came first}, {"full", ""}, or
--   {"ended", status of the run}, with "" when there is no such run
-- uses grow
local status = redis.call('HGET', KEYS[1], 'status')
if status ~= 'PENDING' then
  return {'ended', status or ''}
end
local field = ARGV[1] .. '/' .. ARGV[2]
local known = redis.call('HGET', KEYS[2], field)
if known then
  return {'known', known}
end
if tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0') >= tonumber(ARGV[4]) then
  return {'full', ''}
end
grow(KEYS[1])
redis.call('HSET', KEYS[2], field, ARGV[3])
redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
return {'recorded', ''}
