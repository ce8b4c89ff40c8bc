// Package metalink writes Metalink 4 documents (RFC 5854): an XML list of files,
// each with the URLs where it can be had.
//
// A [Writer] streams, so that the document of a large directory needs no more
// memory than one file of it. What stands in a document is chosen for the
// programs that save files under the names in it: a name that could lead out of
// the folder of a download, or that XML cannot hold, is refused by [CheckName].
package metalink

const (
	// Type is the media type of a document.
	Type = "application/metalink4+xml"
	// Extension is how the names of documents end.
	Extension = ".meta4"
	// Namespace is that of all elements.
	Namespace = "urn:ietf:params:xml:ns:metalink"
	// MaxPriority is the worst priority that a URL can have; 1 is the best (RFC
	// 5854, section 4.2.16.1).
	MaxPriority = 999_999
)
