-- create_key: an API key begins to be good. One that was there before, revoked or not, stays as it is, so that a call
-- that is applied again revives nothing.
-- KEYS[1] hash  the key
-- ARGV[1] digest of its secret
-- ARGV[2] namespace, or "*"
-- ARGV[3] role
-- ARGV[4] name
-- ARGV[5] who made it
-- ARGV[6] time of creation, unix ms
-- ARGV[7] time at which it expires, unix ms; "" for never
-- ARGV[8] time at which its record goes, unix ms; "" for never
-- returns 1, or 0 when there is one already
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'digest', ARGV[1], 'namespace', ARGV[2], 'role', ARGV[3], 'name', ARGV[4],
  'created_by', ARGV[5], 'created_at', ARGV[6], 'expires_at', ARGV[7])
if ARGV[8] ~= '' then
  redis.call('PEXPIREAT', KEYS[1], ARGV[8])
end
return 1
