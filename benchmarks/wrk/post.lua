-- The requests of the file that REQUEST_FILE names, in turn, for ever. The file has the headers, an
-- empty line, and one body a line.
dofile(os.getenv("WRK_FOLDER") .. "/report.lua")

local file = assert(io.open(os.getenv("REQUEST_FILE"), "rb"))
local head, rest = file:read("*a"):match("^(.-)\n\n(.*)$")
file:close()

wrk.method = "POST"
for name, value in head:gmatch("([^:\n]+): ([^\n]*)") do
  wrk.headers[name] = value
end
bodies = {}
for body in rest:gmatch("[^\n]+") do
  bodies[#bodies + 1] = body
end

local requests, next = {}, 0
function init()
  for i, body in ipairs(bodies) do
    requests[i] = wrk.format(nil, nil, nil, body)
  end
end

function request()
  next = next % #requests + 1
  return requests[next]
end
