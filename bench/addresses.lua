-- Asks from 62,500 addresses in turn, so that the limit of each is counted but not reached. With the
-- argument "apart" each request differs from all others, so that no answer serves two of them. All other
-- arguments are access tokens, which are shown in turn.
local n, apart, tokens = 0, false, {}

init = function(arguments)
  for _, argument in ipairs(arguments) do
    if argument == "apart" then apart = true else table.insert(tokens, argument) end
  end
end

request = function()
  n = n + 1
  local address = string.format("10.0.%d.%d", math.floor(n / 250) % 250, n % 250)
  local path = wrk.path
  if apart then path = path .. (path:find("?", 1, true) and "&" or "?") .. "n=" .. n end
  local headers = { ["X-Forwarded-For"] = address, ["Accept-Encoding"] = "gzip" }
  if #tokens > 0 then headers["Authorization"] = "Bearer " .. tokens[n % #tokens + 1] end
  return wrk.format("GET", path, headers)
end
