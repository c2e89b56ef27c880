-- read_due: tells which states wait for their time, the earliest first; changes nothing. The clock is that of the server
-- which has the shard.
-- KEYS[1] zset    due times
-- ARGV[1] how many at the most
-- returns now, unix ms, then per state its id and its due time
-- uses clock
return {now_ms(), unpack(redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1, 'WITHSCORES'))}
