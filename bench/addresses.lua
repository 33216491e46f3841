-- Asks from 62,500 addresses in turn, so that the limit of each is counted but not reached.
local n = 0

request = function()
  n = n + 1
  local address = string.format("10.0.%d.%d", math.floor(n / 250) % 250, n % 250)
  return wrk.format("GET", nil, { ["X-Forwarded-For"] = address, ["Accept-Encoding"] = "gzip" })
end
