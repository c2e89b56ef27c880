-- bar_graph: no run of the versions that a deletion took is started or reopened on this shard any more.
-- KEYS[1] hash  deletions of graphs
-- ARGV[1] graph name
-- ARGV[2] number of the deletion in the graph's count of versions
-- returns 1, or 0 when the graph was deleted again since
-- uses grow
if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') > tonumber(ARGV[2]) then
  return 0
end
grow(KEYS[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
