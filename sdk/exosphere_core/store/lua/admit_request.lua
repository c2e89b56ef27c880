-- admit_request: an API key makes a request, or made too many just now. It may make as many at once as in a second, and then
-- one each time that one more is due: kept is until when those that it made use up its part.
-- KEYS[1] hash  the rate of the key
-- ARGV[1] how many a second
-- returns 0, or after how many ms the next one is admitted; then nothing is changed
-- uses grow
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local second, each = 1000000, 1000000 / tonumber(ARGV[1])
local used_until = tonumber(redis.call('HGET', KEYS[1], 'used_until') or '0') or 0
-- Never beyond a second: a clock that went back must not keep a key out.
used_until = math.max(now, math.min(used_until, now + second)) + each
if used_until > now + second then
  return math.ceil((used_until - now - second) / 1000)
end
grow(KEYS[1])
redis.call('HSET', KEYS[1], 'used_until', string.format('%.0f', used_until))
redis.call('PEXPIRE', KEYS[1], math.ceil((used_until - now) / 1000))
return 0
