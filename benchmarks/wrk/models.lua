-- One body for many models, in the order that TARGET_FILE names them, over and over; an empty
-- line is a request without TargetModel. REQUEST_FILE has the headers, one a line.
dofile(os.getenv("WRK_FOLDER") .. "/report.lua")

wrk.method = "POST"
wrk.body = os.getenv("BODY")
for line in io.lines(os.getenv("REQUEST_FILE")) do
  local name, value = line:match("^([^:]+): (.*)$")
  wrk.headers[name] = value
end

local requests, next = {}, 0
function init()
  for target in io.lines(os.getenv("TARGET_FILE")) do
    wrk.headers["X-Amzn-SageMaker-Target-Model"] = target ~= "" and target or nil
    requests[#requests + 1] = wrk.format()
  end
end

function request()
  next = next % #requests + 1
  return requests[next]
end
