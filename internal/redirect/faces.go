package redirect

import "net/http"

// serveFace answers a question in another form than by a redirect, where the request
// asks for one.
func (r *Redirector) serveFace(w http.ResponseWriter, req *http.Request, q *Question) (done event, ok bool) {
	if !wantsJSON(req) {
		return event{}, false
	}
	err := from(req, q)
	if err != nil {
		return refuse(w, req, err), true
	}
	a, err := r.Explain(*q)
	if err != nil {
		return refuse(w, req, err), true
	}
	done = event{"json", a.Match, ""}
	if len(a.Candidates) > 0 {
		done.scheme = a.Candidates[0].Base.Scheme
	}
	if err := replyJSON(w, req, http.StatusOK, a); err != nil {
		r.giveUp(w, req, "answer cannot be written as JSON", "url", a.URL, "err", err)
		done.outcome = "error"
	}
	return done, true
}
