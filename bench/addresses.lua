-- Sends requests from 62,500 addresses in turn, so that rate limits are counted but not reached. With the
-- argument "apart", concurrent requests differ, so that they can't share a response: lists by the encoding of a
-- parameter's name, others by a header that is in the key of cached responses. All other arguments are access
-- tokens, which are sent in turn.
local n, apart, tokens = 0, false, {}

init = function(arguments)
  for _, argument in ipairs(arguments) do
    if argument == "apart" then apart = true else table.insert(tokens, argument) end
  end
end

-- Returns a word in which a letter is percent-encoded if its bit of the number is set.
local function encoded(word, number)
  return (word:gsub(".", function(letter)
    local bit = number % 2
    number = (number - bit) / 2
    return bit == 1 and string.format("%%%02X", letter:byte()) or letter
  end))
end

request = function()
  n = n + 1
  local address = string.format("10.0.%d.%d", math.floor(n / 250) % 250, n % 250)
  local headers = { ["X-Forwarded-For"] = address, ["Accept-Encoding"] = "gzip" }
  local path = wrk.path
  if apart and path:find("^/api/v1/maps%f[?%z]") then
    path = path .. (path:find("?", 1, true) and "&" or "?") .. encoded("page_size", n) .. "=20"
  elseif apart then
    headers["HX-Target"] = "n" .. n
  end
  if #tokens > 0 then headers["Authorization"] = "Bearer " .. tokens[n % #tokens + 1] end
  return wrk.format("GET", path, headers)
end
