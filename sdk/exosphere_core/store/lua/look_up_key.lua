-- look_up_key: tells what decides whether an API key is good; changes nothing. The clock is that of the server.
-- KEYS[1] hash  the key
-- returns now, unix ms, then its digest, namespace, role, times of expiry and of last use; false for what it has not
-- uses clock
return {now_ms(), unpack(redis.call('HMGET', KEYS[1], 'digest', 'namespace', 'role', 'expires_at', 'last_used_at'))}
