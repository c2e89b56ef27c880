-- note_key_use: an API key was used; one that is good no more is left alone.
-- KEYS[1] hash  the key
-- returns 1, or 0 when it is good no more
-- uses clock
if redis.call('HEXISTS', KEYS[1], 'digest') == 0 then
  return 0
end
redis.call('HDEL', KEYS[1], 'last_used_at')
redis.call('HSET', KEYS[1], 'last_used_at', now_ms())
return 1
