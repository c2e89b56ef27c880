-- note_resume: a paused queue is to give out again. It stays noted until its ready streams do.
-- KEYS[1] hash  paused queues of the namespace
-- ARGV[1] node name
-- returns 1, or 0 when it is not paused
-- uses grow
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return 0
end
grow(KEYS[1])
redis.call('HSET', KEYS[1], ARGV[1], '')
return 1
