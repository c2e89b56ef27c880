-- add_figures: some counters of a minute grow; the minute goes by itself, whoever dies after this.
-- KEYS[1] hash  figures of the minute
-- ARGV[1] how long it is kept, s
-- ARGV[2] from here on: counters, each with what is to be added
-- returns 1
for n = 2, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[n], ARGV[n + 1])
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
