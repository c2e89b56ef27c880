-- Time is Redis' time, in unix ms, as text: a script never trusts a caller's clock.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] .. string.format('%03d', math.floor(tonumber(time[2]) / 1000))
end

-- Whole numbers of this size need %.0f: tostring would round them to 14 digits.
local function plus_ms(moment, delay)
  return string.format('%.0f', tonumber(moment) + tonumber(delay))
end
