-- note_runtime: a runtime registers; how many are kept is bounded.
-- KEYS[1] hash  runtimes
-- ARGV[1] id of the runtime
-- ARGV[2] its registration, JSON
-- ARGV[3] how many there may be
-- returns 1, or 0 when there are too many others
-- uses grow
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then
  return 0
end
grow(KEYS[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
