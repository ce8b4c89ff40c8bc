// Package segment keeps very many directory trees in files that are mapped into
// memory: compact, free of pointers, never changed. It is what the index of a
// redirector is made of.
//
// A [Builder] makes a [Segment] of trees as they come from a database; a
// [Stack] is segments one upon another, in which every tree has a [Number].
// [Merge] makes one segment of several and leaves out what is not wanted any
// more. A [Cache] is a folder in which segments outlive the process; without
// one they are files in memory (memfd_create(2)).
//
// # Memory
//
// The garbage collector sees nothing of what a segment holds. A segment is
// unmapped when no Stack, [Tree] or iterator reaches it any more; whatever
// methods return is a copy, or in the caller's buffer, so that callers have
// nothing to look after. Inside of this package no slice of a mapping may be
// used after the last use of the Segment that it belongs to, which
// runtime.KeepAlive marks.
//
// # The file
//
// All numbers are little-endian. The file begins with a header, which fills a
// page of 4,096 bytes:
//
//	12  "trackseg", and the version of the format as big-endian number: 1
//	 4  bytes in the header
//	 4  trees
//	 4  base: trees in the segments below
//	 8  fingerprint of the segments below: the checksum in the header of the
//	    uppermost; 0 where there are none
//	 8  bytes in the file
//	    for each section: 8 where it begins, 8 its bytes, 8 its checksum
//	 8  checksum of the header up to here
//
// Checksums are xxHash64. Sections begin at the next multiple of 4,096 bytes
// and follow in this order; the trees of a segment are counted in the order of
// their identities, and those of the whole stack by adding the base:
//
//	records     what is known of each tree, in the order of arrival
//	rows        12 bytes a tree: 6 where its record begins, 4 its first edge,
//	            2 its height, twice, plus 1 if there are links in it or below
//	edges       4 an edge: the number in the stack of each child, tree by tree
//	            in the order of the records, as the children of each are sorted
//	first held  4 a tree and 4 more: its first place in the next section, and
//	            where those of the last tree end
//	held        8 an edge within the segment: the parent (in the segment) and
//	            the position of the child in it, sorted by child and parent
//	outer held  12 an edge to a segment below: the number of the child in the
//	            stack, then as above; sorted
//	exact       4 each: the trees that may be looked up by their exact digest,
//	            in the order of that
//	blind       likewise for the blind digest
//	identities  32 a tree, sorted; read while trees are loaded, and not to answer
//	            a request
//
// A record is
//
//	 1      the number of the reason; +8 if there is an exact digest, +16 if
//	        there is a blind one, +32, +64, +128 if there are children, links,
//	        files
//	16, 16  those digests
//	        files, directories and bytes below, as varints
//	        for children, links and files, if there are any: how many, and in
//	        how many bytes, as varints
//	        the lists of their names
//
// and a list of names is
//
//	4 each  where all blocks but the first begin, from the end of these numbers on
//	        blocks of 16 names, with what belongs to each
//
// so that a name is found by halving among the first names of blocks, and going
// through one block. How names stand in a block is with the cursor in names.go.
//
// A file that passes its checksums cannot make a reader go out of bounds or go
// on without end. It is not proof against someone who makes the checksums right
// on purpose: answers may be wrong then.
package segment
