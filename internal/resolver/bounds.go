package resolver

// What a site holds is its own affair and may be made to do harm, so whatever
// is done for one site or one request is bounded. Honest sites meet none of
// these bounds.
const (
	// maxDepth is how many directories may stand below each other: no path of
	// 4,096 bytes (Linux, PATH_MAX) has more names. A site with more is a
	// [Problem].
	maxDepth = 2048
	// maxSiteBytes is about how much memory the trees may take that one site adds
	// to those of the others. A site with more is a [Problem].
	maxSiteBytes = 4 << 30

	// maxHops is how many links are followed to resolve one, its own included
	// (Linux, path_resolution(7)).
	maxHops = 40
	// maxTarget is the longest target of a link that leads anywhere, in bytes
	// (Linux, PATH_MAX).
	maxTarget = 4096

	// maxLinks is how many links of a hierarchy are resolved. It counts links
	// by the places where they stand, of which shared trees can have very many.
	maxLinks = 1 << 20
	// maxTableBytes is about how much memory a hierarchy's table of links may
	// take.
	maxTableBytes = 64 << 20
	// maxLinkSteps bounds the work for the links of a hierarchy, to some seconds
	// at worst. A step is a directory on the way to a link, a name in a target,
	// or a name that it is compared with.
	maxLinkSteps = 64_000_000

	// maxPathBytes is how long the paths of all candidates that are found for one
	// directory may be together: as many as DefaultMaxSteps of a usual length.
	maxPathBytes = 1 << 20
	// smallShare is by how much fewer steps there are for a directory that is so
	// small that only names can tell whether a match counts.
	smallShare = 8
	// depthsAtOnce is for how many directories, one below the other, one request
	// may take all steps that there are for one.
	depthsAtOnce = 16

	// maxPlaceBytes is about how much memory what was found out about paths may
	// take: in each of its halves, a million directories that share their sets.
	maxPlaceBytes = 512 << 20
)

// bounds are those of a build. Tests have narrower ones.
type bounds struct {
	depth      int
	siteBytes  int64
	links      int
	tableBytes int64
	linkSteps  int
}

var usualBounds = bounds{maxDepth, maxSiteBytes, maxLinks, maxTableBytes, maxLinkSteps}
