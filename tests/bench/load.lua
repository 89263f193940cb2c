-- The product's requests for wrk, with the RESULT line of peer/load.lua. env: W=list|get|create|book|health  TOKENS=path  SALT=number
local work = os.getenv("W")
local people = dofile(os.getenv("TOKENS"))
local salt = os.getenv("SALT")
local threads = {}
bad, last = 0, ""

function setup(thread)
  thread:set("id", #threads + 1)
  table.insert(threads, thread)
end

local n
function init()
  math.randomseed(os.time() * 10 + id + tonumber(salt) * 7919)
  n = math.random(1, #people)
end

function request()
  n = n + 1
  if work == "health" then return wrk.format("GET", "/health") end
  local who = people[n % #people + 1]
  local headers = { ["Authorization"] = "Bearer " .. who.token, ["X-Workspace-Id"] = who.workspace }
  if work == "list" then return wrk.format("GET", "/api/v1/clients?limit=50", headers) end
  if work == "get" then return wrk.format("GET", "/api/v1/clients/" .. who.clients[n % #who.clients + 1], headers) end
  headers["Content-Type"] = "application/json"
  if work == "book" then
    -- Half hours from 2030 on, each of them once for each owner, whose own time it is.
    local at = 1893456000 + ((salt * 2 + id) * 20000 + n) * 1800
    local function iso(t) return os.date("!%Y-%m-%dT%H:%M:%SZ", t) end
    headers["Idempotency-Key"] = salt .. "-" .. id .. "-" .. n
    local body = '{"title":"Session","client_ids":["' .. who.clients[n % #who.clients + 1] .. '"],"start_time":"' .. iso(at) .. '","end_time":"' .. iso(at + 1800) .. '","notes":"leg day"}'
    return wrk.format("POST", "/api/v1/bookings", headers, body)
  end
  local name = salt .. "-" .. id .. "-" .. n
  local body = '{"full_name":"Client Number ' .. name .. '","email":"client' .. name .. '@studio.example","phone":"+351' .. string.format("%02d%d%06d", salt % 100, id, n % 1000000) .. '",'
    .. '"tags":["goal-1","vip","morning"],"notes":"leg day"}'
  return wrk.format("POST", "/api/v1/clients", headers, body)
end

function response(status)
  if status >= 300 then bad = bad + 1; last = status end
end

function done(summary, latency)
  local all, seen = 0, ""
  for _, thread in ipairs(threads) do
    all = all + thread:get("bad")
    if thread:get("last") ~= "" then seen = thread:get("last") end
  end
  local errors = summary.errors
  io.write(string.format("RESULT rps=%.1f p50=%.2f p90=%.2f p99=%.2f n=%d bad=%d last=%s err=%d\n",
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(90) / 1e3, latency:percentile(99) / 1e3,
    summary.requests, all, tostring(seen), errors.connect + errors.read + errors.write + errors.timeout))
end
