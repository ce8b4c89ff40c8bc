-- Asks for one path after the other, each time as another client. Called by wrk with the
-- file of paths, the file of addresses and the path to put before; each thread begins
-- elsewhere.
local threads = 0

function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
end

local heads, tails = {}, {}

function init(args)
	for path in io.lines(args[1]) do
		heads[#heads + 1] = "GET " .. path .. " HTTP/1.1\r\nHost: redirector.example\r\nUser-Agent: Wget/1.21.3\r\nAccept: */*\r\nX-Forwarded-For: "
	end
	for address in io.lines(args[2]) do
		tails[#tails + 1] = address .. "\r\n\r\n"
	end
	path = number * math.floor(#heads / 2)
	client = number * 7
end

function request()
	path = path % #heads + 1
	client = client % #tails + 1
	return heads[path] .. tails[client]
end

function done(summary, latency)
	local e = summary.errors
	io.write(string.format(
		'\n{"requests":%d,"micros":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,"p50":%g,"p99":%g,"p999":%g,"max":%g}\n',
		summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.status, e.timeout,
		latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
