-- hand_over: a delivery ends and its report is sent, for a runtime whose own Redis commands are refused for want of
-- memory. Acknowledging comes first: it is allowed then, and a script that has written may go on to write.
-- KEYS[1] stream  reports of the node's namespace
-- KEYS[2] stream  ready stream of the node
-- ARGV[1] id of the entry of the ready stream
-- ARGV[2] kind of the report
-- ARGV[3] namespace of the run
-- ARGV[4] state id
-- ARGV[5] attempt
-- ARGV[6] body of the report, JSON
-- ARGV[7] who executed it, or "" when that is not known
-- ARGV[8] for how long, ms, or ""
-- returns id of the report
redis.call('XACK', KEYS[2], 'runtimes', ARGV[1])
redis.call('XDEL', KEYS[2], ARGV[1])
return redis.call('XADD', KEYS[1], '*', 'kind', ARGV[2], 'home', ARGV[3], 'state', ARGV[4], 'attempt', ARGV[5], 'body', ARGV[6],
  'by', ARGV[7], 'ran', ARGV[8])
