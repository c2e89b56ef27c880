-- delete_graph: a graph is gone for its readers and its schedules end with it; what is left of it is noted for
-- removal. Its count of versions stays, since runs are pinned to a number that must never mean something else. The
-- deletion takes a number itself: whoever is about to change the version that it read finds that another came first.
-- KEYS[1] hash  the graph
-- KEYS[2] zset  graphs
-- KEYS[3] set   graphs whose newest version is INVALID
-- KEYS[4] set   deletions that are not finished
-- KEYS[5] zset  schedules
-- KEYS[6] zset  claims
-- KEYS[7] hash  schedules of the graph
-- KEYS[8] list  firings of the graph
-- ARGV[1] graph name
-- ARGV[2] version that must be the newest
-- ARGV[3] number of the deletion, which follows that
-- ARGV[4] number of triggers of that version
-- ARGV[5] how the deletion is noted
-- returns 1, or 0 when an upsert or another deletion came first
-- uses clock grow
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[2] then
  return 0
end
grow(KEYS[1])
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'deleted_version', ARGV[3], 'deleted_at', now_ms())
redis.call('HDEL', KEYS[1], 'created_at', 'updated_at', 'validation_status', 'validation_errors', 'paused_at')
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('SREM', KEYS[3], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[5])
for index = 0, tonumber(ARGV[4]) - 1 do
  redis.call('ZREM', KEYS[5], ARGV[1] .. '/' .. index)
  redis.call('ZREM', KEYS[6], ARGV[1] .. '/' .. index)
end
redis.call('UNLINK', KEYS[7], KEYS[8])
return 1
