-- wrk's script: the request, and at the end one line of JSON. `response` tells the answers by their status.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = file:read("*a")
  file:close()
  busy = 0
end

function response(status)
  if status == 503 then busy = busy + 1 end
end

function done(summary, latency)
  local busy = 0
  for _, thread in ipairs(threads) do busy = busy + thread:get("busy") end
  local errors = summary.errors
  io.write(string.format(
    'REPORT {"requests": %d, "microseconds": %d, "refused": %d, "busy": %d, "broken": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, errors.status, busy,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
