package redirect

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"mirrortracker/internal/accesslog"
)

// A format appends the line of an exchange, with its end.
type format func(line []byte, x *exchange, req *http.Request, took time.Duration) []byte

// The formats of the access log. What clients choose is escaped in all of them.
var formats = map[string]format{"combined": combined, "json": jsonLine}

// combined writes the format of that name that Apache's httpd made usual, and pairs
// of a word and what it is:
//
//	192.0.2.1 - - [01/Mar/2026:12:00:00 +0000] "GET /gnu/tar/ HTTP/1.1" 302 0 "-" "curl/8.5.0" outcome=replica match=exact site=east candidates=12 cost=340 us=21
func combined(line []byte, x *exchange, req *http.Request, took time.Duration) []byte {
	if x.client.IsValid() {
		line = x.client.AppendTo(line)
	} else {
		line = append(line, '-')
	}
	line = append(line, " - - ["...)
	line = append(line, clfTimes.of(x.began)...)
	line = append(line, `] "`...)
	line = accesslog.AppendQuoted(line, req.Method)
	line = append(line, ' ')
	line = accesslog.AppendQuoted(line, req.RequestURI)
	line = append(line, ' ')
	line = accesslog.AppendQuoted(line, req.Proto)
	line = append(line, `" `...)
	line = strconv.AppendInt(line, int64(x.status), 10)
	line = append(line, ' ')
	line = strconv.AppendInt(line, x.bytes, 10)
	line = append(line, ` "`...)
	line = accesslog.AppendQuoted(line, first(req.Header["Referer"]))
	line = append(line, `" "`...)
	line = accesslog.AppendQuoted(line, first(req.Header["User-Agent"]))
	line = append(line, `" outcome=`...)
	line = accesslog.AppendQuoted(line, x.event.outcome)
	line = append(line, " match="...)
	line = accesslog.AppendQuoted(line, x.event.match)
	line = append(line, " site="...)
	line = accesslog.AppendQuoted(line, x.site)
	line = append(line, " candidates="...)
	line = strconv.AppendInt(line, int64(x.among), 10)
	line = append(line, " cost="...)
	line = strconv.AppendInt(line, int64(x.cost), 10)
	line = append(line, " us="...)
	line = strconv.AppendInt(line, took.Microseconds(), 10)
	return append(line, '\n')
}

// jsonLine writes an object with the same.
func jsonLine(line []byte, x *exchange, req *http.Request, took time.Duration) []byte {
	line = append(line, `{"time":"`...)
	line = append(line, isoTimes.of(x.began)...)
	line = append(line, `","client":"`...)
	if x.client.IsValid() {
		line = x.client.AppendTo(line)
	}
	line = append(line, `","method":`...)
	line = accesslog.AppendJSON(line, req.Method)
	line = append(line, `,"target":`...)
	line = accesslog.AppendJSON(line, req.RequestURI)
	line = append(line, `,"protocol":`...)
	line = accesslog.AppendJSON(line, req.Proto)
	line = append(line, `,"status":`...)
	line = strconv.AppendInt(line, int64(x.status), 10)
	line = append(line, `,"bytes":`...)
	line = strconv.AppendInt(line, x.bytes, 10)
	line = append(line, `,"referer":`...)
	line = accesslog.AppendJSON(line, first(req.Header["Referer"]))
	line = append(line, `,"agent":`...)
	line = accesslog.AppendJSON(line, first(req.Header["User-Agent"]))
	line = append(line, `,"outcome":`...)
	line = accesslog.AppendJSON(line, x.event.outcome)
	line = append(line, `,"match":`...)
	line = accesslog.AppendJSON(line, x.event.match)
	line = append(line, `,"site":`...)
	line = accesslog.AppendJSON(line, x.site)
	line = append(line, `,"candidates":`...)
	line = strconv.AppendInt(line, int64(x.among), 10)
	line = append(line, `,"cost_km":`...)
	line = strconv.AppendInt(line, int64(x.cost), 10)
	line = append(line, `,"duration_us":`...)
	line = strconv.AppendInt(line, took.Microseconds(), 10)
	return append(line, "}\n"...)
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// A timestamp writes moments in a layout, to the second. It keeps the last one: most
// lines are of the same second as the line before.
type timestamp struct {
	layout string
	last   atomic.Pointer[stamped]
}

type stamped struct {
	second int64
	text   string
}

var (
	clfTimes = timestamp{layout: "02/Jan/2006:15:04:05 -0700"}
	isoTimes = timestamp{layout: time.RFC3339}
)

func (t *timestamp) of(when time.Time) string {
	second := when.Unix()
	if last := t.last.Load(); last != nil && last.second == second {
		return last.text
	}
	text := when.UTC().Format(t.layout)
	t.last.Store(&stamped{second, text})
	return text
}
