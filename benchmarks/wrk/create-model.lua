-- CreateModel with a name of its own in every request: the run's name and a count. One thread.
dofile(os.getenv("WRK_FOLDER") .. "/post.lua")

local run = os.getenv("RUN_NAME")
local count = 0
function request()
  count = count + 1
  return wrk.format(nil, nil, nil, (bodies[1]:gsub("MODEL_NAME", run .. "-" .. count)))
end
