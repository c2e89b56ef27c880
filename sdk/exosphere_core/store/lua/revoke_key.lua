-- revoke_key: an API key is good no more, also when memory is full. What is left of its record, or stands in its place
-- when Redis lost it, keeps a repeated `create_key` from reviving it.
-- KEYS[1] hash  the key
-- ARGV[1] how long its record is kept, ms
-- returns time at which it was revoked, unix ms
-- uses clock
redis.call('HDEL', KEYS[1], 'digest')
redis.call('HSETNX', KEYS[1], 'revoked_at', now_ms())
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('HGET', KEYS[1], 'revoked_at')
