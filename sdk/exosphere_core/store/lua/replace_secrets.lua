-- replace_secrets: the ciphertexts of a graph version are replaced by others of the same values.
-- KEYS[1] hash  the version
-- ARGV[1] secrets as they were read, JSON of name → ciphertext
-- ARGV[2] secrets, JSON of name → ciphertext
-- returns 1, or 0 when the version is gone or somebody else replaced them first
if redis.call('HGET', KEYS[1], 'secrets') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'secrets', ARGV[2])
return 1
