// Package redirect is the HTTP face of the tracker: it sends a client that asks
// for a path of a tracked site to a replica of it.
//
// # Requests
//
//	/NAME/PATH            a site's name; PATH is below its base
//	/HOST[:PORT]/PATH     PATH as in the URL; of several bases that fit, the longest
//	/?url=URL             a whole URL, escaped once more or as it is
//
// A name wins over a host of the same text. The path is taken from the escaped
// form of the request, segment by segment, so that any bytes may be in a name;
// a segment that is, once unescaped, "." or "..", or that holds a slash, NUL, CR
// or LF, is refused with 400. In the first two forms a query that is not one of
// our own parameters means nothing and is not passed on.
//
// # Answers
//
// The answer is 302, without content, unless another face is asked for. Where the path is known and its directory is complete, the
// candidates are its replicas, the original among them; otherwise the original is the
// only one: for a path that is not in the index, one with a hidden name, a site
// without a snapshot, an incomplete directory. What lies on no tracked site is 404.
// Location and the links beside it are always made of a tracked site's URL and an
// escaped path, never of what the client sent, so they lead to no other host and
// hold no control character.
//
// # Faces
//
// A parameter, the end of the path or Accept asks for the answer in another form
// (faces.go):
//
//	?json              all that is known                  explain.go
//	?explain           the same as a page                 view.go
//	?mirrors           a page, JSON or plain text         mirrors.go
//	?meta4, PATH.meta4 a Metalink                         metalink.go
//	?list              a directory's entries              list.go
//
// Beside the paths of sites there are those of our own: the front page (front.go),
// resolution of names (uri.go), the API (api.go), /healthz, /readyz (state.go) and
// /metrics (metrics.go). No site can have a name of theirs.
//
// # Decisions
//
// A [Question] becomes a decision in these steps, without allocating:
//
//	index     the path's replicas                        package resolver
//	scene     for each site the URL that suits clients   offer.go; it is made anew when the sites,
//	          of this kind best, and what is amiss       their health or the databases change
//	offer     replicas to candidates, with a tier and    decide.go
//	          what the match adds to the cost
//	view      the client's costs and draws               package nearest
//	rank      the best of the candidates                 package nearest
//
// [Redirector.Decide] copies candidates out of a decision, [Redirector.Explain] all of
// them, with the reasons. Redirects are written straight from it.
//
// # Around all handlers
//
// An exchange finds out who the client is, keeps to the limit of requests, of which a
// face counts as several, and at the end counts and logs what became of it.
//
// All of this, the headers and the metrics are described for users in
// docs/http.md.
package redirect
