package redirect

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
)

const (
	plainText = "text/plain; charset=utf-8"
	jsonText  = "application/json"
)

// reply writes a whole response. A HEAD gets the same headers and no body.
func reply(w http.ResponseWriter, req *http.Request, status int, kind, body string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if req.Method != http.MethodHead {
		io.WriteString(w, body) // the client is gone if this fails
	}
}

// replyJSON writes a value that can always be written as JSON, indented for
// people. Characters that mean something to HTML are left as they are.
func replyJSON(w http.ResponseWriter, req *http.Request, status int, value any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		return err
	}
	reply(w, req, status, jsonText, b.String())
	return nil
}

// fail writes an error for whoever asks: a line of text, or an object with it.
func fail(w http.ResponseWriter, req *http.Request, status int, why string) {
	if wantsJSON(req) && replyJSON(w, req, status, map[string]string{"error": why}) == nil {
		return
	}
	reply(w, req, status, plainText, why+"\n")
}

// giveUp answers after an error of our own: the log gets what is known of it, the
// client does not.
func (r *Redirector) giveUp(w http.ResponseWriter, req *http.Request, what string, known ...any) {
	r.log.Error(what, known...)
	fail(w, req, http.StatusInternalServerError, "internal error; the log has more")
}
