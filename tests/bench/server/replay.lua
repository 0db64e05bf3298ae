-- Replays prepared requests: each line of the file is METHOD, path, token, instance and body, parted by tabs.
--
-- Each thread takes every n-th line, so that no two connections ever send the same one at the same time; after its last line a
-- thread starts again. At the end one line of JSON tells what happened.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  local file, of = args[1], tonumber(args[2])
  requests, at, line_number = {}, 0, 0
  for line in io.lines(file) do
    if line_number % of == number then
      local method, path, token, instance, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
      local headers = { ["Authorization"] = "Bearer " .. token, ["Bluemix-Instance"] = instance, ["Content-Type"] = "application/json" }
      requests[#requests + 1] = wrk.format(method, path, headers, body)
    end
    line_number = line_number + 1
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
