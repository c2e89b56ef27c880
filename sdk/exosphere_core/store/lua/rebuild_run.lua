-- rebuild_run: nothing → the record of a run that is lost, from what its states tell; its counters follow by a recount.
-- KEYS[1] hash  the run
-- ARGV[1] graph
-- ARGV[2] version
-- ARGV[3] id of the root state
-- ARGV[4] unix ms of its creation
-- returns 1, or 0 when there is one
-- uses grow
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HGET', KEYS[1], 'status') then
  return 0
end
grow(KEYS[1])
redis.call('HSET', KEYS[1], 'graph', ARGV[1], 'version', ARGV[2], 'status', 'PENDING', 'root', ARGV[3], 'open', 1,
  'created_at', ARGV[4])
return 1
