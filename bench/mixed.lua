-- Reads of all kinds in turn, from many addresses. Arguments are more paths.
local paths = {
  "/api/v1/maps", "/api/v1/maps?sort=top", "/api/v1/maps?q=ember", "/api/v1/maps?sort=random",
  "/api/v1/maps?q=rating%3E4+size%3C50", "/maps/", "/maps/?sort=new", "/maps/?q=grey+fields",
  "/api/v1/maps?page_size=50", "/api/schema", "/health/ready",
}
local n = 0

init = function(more)
  for _, path in ipairs(more) do table.insert(paths, path) end
end

request = function()
  n = n + 1
  local address = string.format("10.1.%d.%d", math.floor(n / 250) % 250, n % 250)
  local path = paths[n % #paths + 1]
  if n % 3 == 0 then path = "/api/v1/maps?q=plays%3E" .. n % 5000 end
  return wrk.format("GET", path, { ["X-Forwarded-For"] = address })
end
