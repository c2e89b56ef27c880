-- hand_in: a delivery to a client that polls ends and its report is sent, all or nothing, if such a client has it still.
-- Acknowledging comes first: it is allowed when memory is full, and a script that has written may go on to write.
-- KEYS[1] stream  reports of the node's namespace
-- KEYS[2] stream  ready stream of the node
-- ARGV[1] id of the entry of the ready stream
-- ARGV[2] how the names of the consumers begin that hold deliveries for such clients
-- ARGV[3] kind of the report
-- ARGV[4] namespace of the run
-- ARGV[5] state id
-- ARGV[6] attempt
-- ARGV[7] body of the report, JSON
-- returns "taken", "other" when a runtime has it that reads the queue itself, or "gone" when nobody has it
local held = redis.pcall('XPENDING', KEYS[2], 'runtimes', ARGV[1], ARGV[1], 1)
if held['err'] or #held == 0 then
  return 'gone'
end
if string.sub(held[1][2], 1, #ARGV[2]) ~= ARGV[2] then
  return 'other'
end
redis.call('XACK', KEYS[2], 'runtimes', ARGV[1])
redis.call('XDEL', KEYS[2], ARGV[1])
redis.call('XADD', KEYS[1], '*', 'kind', ARGV[3], 'home', ARGV[4], 'state', ARGV[5], 'attempt', ARGV[6], 'body', ARGV[7],
  'by', held[1][2])
return 'taken'
