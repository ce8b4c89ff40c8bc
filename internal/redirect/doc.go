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
// The answer is 302. Where the path is known and its directory is complete, the
// target is the best of its replicas, the original among them (see [Ranking]).
// Otherwise it is the original: for a path that is not in the index, one with a
// hidden name, a site without a snapshot, an incomplete directory. What lies on
// no tracked site is 404. Location is always made of a tracked site's URL and an
// escaped path, never of what the client sent, so it leads to no other host and
// holds no control character.
//
// A client that asks for JSON gets the whole [Answer] instead, with each
// candidate's rank and reason. The same code decides and explains.
//
// All of this, the headers and the metrics are described for users in
// docs/http.md.
package redirect
