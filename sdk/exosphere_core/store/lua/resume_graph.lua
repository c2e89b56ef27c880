-- resume_graph: runs of a paused graph begin again, and its schedules are due next as their expressions say from now
-- on. A schedule that is paused by itself stays so, and so does a graph that is not paused.
-- KEYS[1] hash  the graph
-- KEYS[2] zset  schedules
-- ARGV[1] graph name
-- ARGV[2] version of the graph that the due times were computed from
-- ARGV[3] number of its triggers; their next due times, in unix ms or "" for none, follow
-- returns 1, or 0 when an upsert or a deletion came first
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[2] then
  return 0
end
if redis.call('HDEL', KEYS[1], 'paused_at') == 0 then
  return 1
end
for index = 0, tonumber(ARGV[3]) - 1 do
  local member, due = ARGV[1] .. '/' .. index, ARGV[4 + index]
  if due == '' then
    redis.call('ZREM', KEYS[2], member)
  else
    redis.call('ZADD', KEYS[2], 'XX', due, member)
  end
end
return 1
