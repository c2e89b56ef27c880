-- record_firings: what came of a claim is recorded, and the claim ends.
-- KEYS[1] zset  claims
-- KEYS[2] hash  schedules of the graph
-- KEYS[3] list  firings of the graph, newest first
-- ARGV[1] graph name
-- ARGV[2] index of the trigger
-- ARGV[3] the claim, JSON, as it was made; or "" to forget one that went with its graph
-- ARGV[4] how many firings are kept
-- ARGV[5] a firing, JSON, and the next one from here on, the oldest first
-- returns 1, or 0 when the claim ended before, or its graph was deleted
if (redis.call('HGET', KEYS[2], ARGV[2] .. '/claim') or '') ~= ARGV[3] then
  return 0
end
redis.call('ZREM', KEYS[1], ARGV[1] .. '/' .. ARGV[2])
if ARGV[3] == '' then
  return 1
end
redis.call('HDEL', KEYS[2], ARGV[2] .. '/claim')
for at = 5, #ARGV do
  redis.call('LPUSH', KEYS[3], ARGV[at])
end
redis.call('LTRIM', KEYS[3], 0, tonumber(ARGV[4]) - 1)
redis.call('HSET', KEYS[2], ARGV[2] .. '/last', ARGV[#ARGV])
return 1
