-- reject: an entry that nobody can apply is put aside where an operator sees it, and stops nothing else.
-- KEYS[1] stream  where the entry is
-- KEYS[2] stream  rejected entries
-- ARGV[1] id of the entry
-- ARGV[2] reason
-- ARGV[3] how many rejected entries are kept
-- ARGV[4] group that the entry was delivered to
-- ARGV[5] from here on: names and values of the entry, cut to a sane length
-- returns 1
-- uses grow
grow(KEYS[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'report', ARGV[1], 'reason', ARGV[2], unpack(ARGV, 5))
redis.call('XACK', KEYS[1], ARGV[4], ARGV[1])
redis.call('XDEL', KEYS[1], ARGV[1])
return 1
