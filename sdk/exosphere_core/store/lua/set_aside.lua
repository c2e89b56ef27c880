-- set_aside: a record that nobody can read is put where an operator sees it, and is treated as lost from then on.
-- KEYS[1] hash    the record, or whatever lies in its place
-- KEYS[2] stream  broken records
-- ARGV[1] what it should be
-- ARGV[2] its id
-- ARGV[3] why it can't be read
-- ARGV[4] how many are kept
-- ARGV[5] the type that was found
-- ARGV[6] the field that can't be read, or ""
-- ARGV[7] its value as it was found
-- returns 1, or 0 when it is another one by now
-- uses grow
if redis.call('TYPE', KEYS[1])['ok'] ~= ARGV[5] then
  return 0
end
if ARGV[6] ~= '' and (redis.call('HGET', KEYS[1], ARGV[6]) or '') ~= ARGV[7] then
  return 0
end
grow(KEYS[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'kind', ARGV[1], 'id', ARGV[2], 'reason', ARGV[3],
  'field', ARGV[6], 'value', string.sub(ARGV[7], 1, 2000))
redis.call('UNLINK', KEYS[1])
return 1
