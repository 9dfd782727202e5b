-- One request for ever, made once: what wrk itself does for it is next to nothing, also for large
-- bodies. REQUEST_FILE has its headers, one a line; BODY_BYTES says how long its body is.
dofile(os.getenv("WRK_FOLDER") .. "/report.lua")

wrk.method = "POST"
for line in io.lines(os.getenv("REQUEST_FILE")) do
  local name, value = line:match("^([^:]+): (.*)$")
  wrk.headers[name] = value
end
wrk.body = ("x"):rep(tonumber(os.getenv("BODY_BYTES")))
