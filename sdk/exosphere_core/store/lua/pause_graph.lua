-- pause_graph: no run of a graph begins until it is resumed. One that is paused stays as it is.
-- KEYS[1] hash  the graph
-- ARGV[1] version that must be the newest
-- returns 1, or 0 when an upsert or a deletion came first
-- uses clock grow
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then
  return 0
end
grow(KEYS[1])
redis.call('HSETNX', KEYS[1], 'paused_at', now_ms())
return 1
