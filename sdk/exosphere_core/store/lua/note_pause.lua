-- note_pause: a queue is to be paused. One that is paused stays as it is.
-- KEYS[1] hash  paused queues of the namespace
-- ARGV[1] node name
-- returns since when it is paused, unix ms
-- uses clock grow
local since = redis.call('HGET', KEYS[1], ARGV[1])
if since and since ~= '' then
  return since
end
since = now_ms()
grow(KEYS[1])
redis.call('HSET', KEYS[1], ARGV[1], since)
return since
