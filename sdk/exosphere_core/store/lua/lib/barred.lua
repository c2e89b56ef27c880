-- Whether a version of a graph was deleted: then no run of it may begin or go on. A caller that read the graph
-- before its deletion, and comes here after it, is stopped by this.
local function is_barred(deleted, graph, version)
  return tonumber(redis.call('HGET', deleted, graph) or '0') > tonumber(version)
end
