-- list_key: an API key is put on the list of its namespace.
-- KEYS[1] zset  API keys of a namespace, or of all
-- ARGV[1] id of the key
-- ARGV[2] time of its creation, unix ms
-- returns 1, or 0 when it was on it
return redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
