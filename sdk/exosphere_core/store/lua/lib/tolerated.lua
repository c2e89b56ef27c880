-- Whether the errors of a unite were tolerated for this report, all pages of them, on the very server that is asked: one that
-- took over meanwhile may lack what the one before it had acknowledged.
local function are_tolerated(unite, report, pages)
  if pages == 0 then
    return true
  end
  local found = redis.call('HMGET', unite, 'tolerated_for', 'tolerated_pages')
  return found[1] == report and tonumber(found[2]) >= pages
end
