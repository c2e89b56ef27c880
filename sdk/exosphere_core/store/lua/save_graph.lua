-- save_graph: a graph's newest version moves on by one, and the schedules that changed are replaced with it.
-- KEYS[1] hash  the graph
-- KEYS[2] hash  the new version
-- KEYS[3] zset  graphs
-- KEYS[4] set   graphs whose newest version is INVALID
-- KEYS[5] zset  schedules
-- KEYS[6] hash  schedules of the graph
-- ARGV[1] graph name
-- ARGV[2] version that must be the newest now; of a deleted graph, the number of its deletion; 0 for none
-- ARGV[3] the new version
-- ARGV[4] template, JSON
-- ARGV[5] secrets, JSON of name → ciphertext
-- ARGV[6] validation status
-- ARGV[7] validation errors, JSON
-- ARGV[8] number of schedules of the version before that end with it; their indexes follow from ARGV[10] on
-- ARGV[9] number of new schedules; indexes and due times in unix ms follow
-- returns 1, or 0 when another upsert came first
-- uses clock
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[2] then
  return 0
end
local now = now_ms()
redis.call('HSET', KEYS[2], 'template', ARGV[4], 'secrets', ARGV[5], 'created_at', now)
redis.call('HDEL', KEYS[1], 'deleted_at')
redis.call('HSETNX', KEYS[1], 'created_at', now)
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'validation_status', ARGV[6], 'validation_errors', ARGV[7], 'updated_at', now)
redis.call('ZADD', KEYS[3], 0, ARGV[1])
if ARGV[6] == 'INVALID' then
  redis.call('SADD', KEYS[4], ARGV[1])
else
  redis.call('SREM', KEYS[4], ARGV[1])
end
local at = 10
for _ = 1, tonumber(ARGV[8]) do
  redis.call('ZREM', KEYS[5], ARGV[1] .. '/' .. ARGV[at])
  -- The newest due time that was handled stays known: the trigger that takes this place must not repeat it.
  redis.call('HDEL', KEYS[6], ARGV[at] .. '/paused_at', ARGV[at] .. '/last')
  at = at + 1
end
for _ = 1, tonumber(ARGV[9]) do
  redis.call('ZADD', KEYS[5], ARGV[at + 1], ARGV[1] .. '/' .. ARGV[at])
  at = at + 2
end
return 1
