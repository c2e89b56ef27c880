-- add_lines: lines that nodes wrote are kept beside their run; the oldest go when there are too many of them.
-- KEYS[1] hash    the run
-- KEYS[2] stream  lines of the run
-- ARGV[1] the most lines that are kept
-- ARGV[2] the most bytes of lines that are kept
-- ARGV[3] a line, and the next one from here on
-- returns how many of them are kept: 0 when there is no such run
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local number, bytes = 0, 0
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
if last then
  number, bytes = tonumber(string.match(last[1], '^%d+')), tonumber(last[2][2])
end
for n = 3, #ARGV do
  number, bytes = number + 1, bytes + #ARGV[n]
  redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[1], string.format('%.0f-0', number),
    'bytes', string.format('%.0f', bytes), 'line', ARGV[n])
end
-- Each entry tells how many bytes came up to it: the first to stay is the first before which there were enough.
local over = bytes - tonumber(ARGV[2])
local first = over <= 0 and '-' or nil
local from = '-'
while not first do
  local page = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', 100)
  for _, entry in ipairs(page) do
    if tonumber(entry[2][2]) - #entry[2][4] >= over then
      first = entry[1]
      break
    end
    from = '(' .. entry[1]
  end
  if not first and #page < 100 then
    first = string.format('%.0f-0', number)
  end
end
if first ~= '-' then
  redis.call('XTRIM', KEYS[2], 'MINID', first)
end
redis.pcall('PUBLISH', 'exo:run-told', KEYS[2])
return #ARGV - 2
