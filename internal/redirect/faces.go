package redirect

import (
	"net/http"
	"strings"

	"mirrortracker/internal/metalink"
	"mirrortracker/internal/resolver"
)

// A face is a form in which an answer is given.
type face uint8

// The faces. A redirect is the one of those who ask for none.
const (
	redirectFace face = iota
	jsonFace          // all that is known of the answer
	explainFace       // the same as a page
	mirrorsFace       // the mirrors as a page, as JSON or as plain text
	metalinkFace      // the mirrors for a download from several at once
	suffixFace        // the same, if what is asked for is no file itself
	listFace          // the entries of a directory, as a page or as JSON
)

// parameters are the parameters that ask for a face, the strongest first.
var parameters = []struct {
	name string
	face face
}{{"mirrors", mirrorsFace}, {"meta4", metalinkFace}, {"list", listFace}, {"explain", explainFace}, {"json", jsonFace}}

// serveFace answers a question that asks for another form than a redirect.
func (r *Redirector) serveFace(w http.ResponseWriter, req *http.Request, q *Question) (event, bool) {
	asked := faceOf(req, q.Text)
	if asked == suffixFace {
		described := r.described(q.Text)
		if described == "" {
			return event{}, false
		}
		q.Text, asked = described, metalinkFace
	}
	if asked != redirectFace && !r.charge(w, req, faceCost) {
		return limited, true
	}
	switch asked {
	case jsonFace:
		return r.serveJSON(w, req, q), true
	case explainFace:
		return r.serveExplain(w, req, q), true
	case mirrorsFace:
		return r.serveMirrors(w, req, q), true
	case metalinkFace:
		return r.serveMetalink(w, req, q), true
	case listFace:
		return r.serveList(w, req, q), true
	}
	return event{}, false
}

// faceOf returns the face that a request asks for: by a parameter, by the end of
// its path, or by naming its type in Accept.
func faceOf(req *http.Request, text string) face {
	if query := req.URL.RawQuery; query != "" {
		for _, p := range parameters {
			if _, ok := parameter(query, p.name); ok {
				return p.face
			}
		}
	}
	if strings.HasSuffix(text, metalink.Extension) {
		return suffixFace
	}
	if len(req.Header["Accept"]) > 0 {
		switch preferred(req, jsonText, metalink.Type) {
		case jsonText:
			return jsonFace
		case metalink.Type:
			// Who takes anything as well learns the same from the lines of a
			// redirect, and has no file to clear away.
			if !takesAnything(req) {
				return metalinkFace
			}
		}
	}
	return redirectFace
}

// described returns the text without its ending ".meta4", if that names what is
// in the index, and what it names with it is not.
func (r *Redirector) described(text string) string {
	index := r.source.Index()
	place := strings.TrimSuffix(text, metalink.Extension)
	if index == nil || strings.HasSuffix(place, "/") {
		return ""
	}
	known := func(text string) bool {
		site, path, err := index.Locate(text)
		if err != nil {
			return false
		}
		var a resolver.Answer
		index.Resolve(&a, site, path)
		return a.Known
	}
	if known(text) || !known(place) {
		return ""
	}
	return place
}

// serveJSON writes all that is known.
func (r *Redirector) serveJSON(w http.ResponseWriter, req *http.Request, q *Question) event {
	a, err := r.explained(req, q)
	if err != nil {
		return refuse(w, req, err)
	}
	if err := replyJSON(w, req, http.StatusOK, a); err != nil {
		r.giveUp(w, req, "answer cannot be written as JSON", "url", a.URL, "err", err)
		return event{"error", "none", ""}
	}
	return event{"json", a.Match, a.scheme()}
}

// explained answers with all reasons, for the client that the parameter "from"
// names if there is one.
func (r *Redirector) explained(req *http.Request, q *Question) (*Answer, error) {
	if err := from(req, q); err != nil {
		return nil, err
	}
	return r.Explain(*q)
}
