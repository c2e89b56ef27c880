-- judge_graph: the newest version of a graph is validated again, without a new version.
-- KEYS[1] hash  the graph
-- KEYS[2] set   graphs whose newest version is INVALID
-- ARGV[1] graph name
-- ARGV[2] version that was judged
-- ARGV[3] validation status
-- ARGV[4] validation errors, JSON
-- returns 1, or 0 when that version is not the newest any more
-- uses clock grow
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[2] then
  return 0
end
grow(KEYS[1])
redis.call('HSET', KEYS[1], 'validation_status', ARGV[3], 'validation_errors', ARGV[4], 'updated_at', now_ms())
if ARGV[3] == 'INVALID' then
  redis.call('SADD', KEYS[2], ARGV[1])
else
  redis.call('SREM', KEYS[2], ARGV[1])
end
return 1
