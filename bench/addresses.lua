-- Asks from 62,500 addresses in turn, so that the limit of each is counted but not reached. With the
-- argument "apart" each request differs from all others, so that no answer serves two of them.
local n, apart = 0, false

init = function(arguments)
  apart = arguments[1] == "apart"
end

request = function()
  n = n + 1
  local address = string.format("10.0.%d.%d", math.floor(n / 250) % 250, n % 250)
  local path = wrk.path
  if apart then path = path .. (path:find("?", 1, true) and "&" or "?") .. "n=" .. n end
  local headers = { ["X-Forwarded-For"] = address, ["Accept-Encoding"] = "gzip" }
  return wrk.format("GET", path, headers)
end
