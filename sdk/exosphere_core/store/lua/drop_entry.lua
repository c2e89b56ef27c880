-- drop_entry: an entry of a ready stream or outbox whose state is not to be taken by it any more is taken off the stream.
-- KEYS[1] stream  ready stream, or outbox
-- KEYS[2] hash    the state that the entry names
-- ARGV[1] id of the entry
-- ARGV[2] attempt that it carries
-- returns how many were taken off
local record = redis.call('HMGET', KEYS[2], 'status', 'attempt', 'entry')
if record[1] == 'CREATED' and record[2] == ARGV[2] and record[3] == ARGV[1] then
  return 0
end
redis.call('XACK', KEYS[1], 'runtimes', ARGV[1])
return redis.call('XDEL', KEYS[1], ARGV[1])
