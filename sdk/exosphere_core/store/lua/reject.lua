-- reject: a report that nobody can apply is put aside where an operator sees it, and stops nothing else.
-- KEYS[1] stream  reports
-- KEYS[2] stream  rejected reports
-- ARGV[1] report id
-- ARGV[2] reason
-- ARGV[3] how many rejected reports are kept
-- ARGV[4] from here on: names and values of the entry, cut to a sane length
-- returns 1
-- uses report grow
grow(KEYS[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'report', ARGV[1], 'reason', ARGV[2], unpack(ARGV, 4))
acknowledge(KEYS[1], ARGV[1])
return 1
