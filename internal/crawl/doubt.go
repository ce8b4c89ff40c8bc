package crawl

import (
	"fmt"
	"slices"

	"mirrortracker/internal/human"
	"mirrortracker/internal/store"
)

// A SuspectError says that a crawl came to its end, but found so much less than those
// before it that it was set aside: the snapshot before stays in force. The crawl is
// to be repeated soon. One that finds about the same confirms it, and is published;
// one that finds the usual is published as well, and the suspect is dropped.
type SuspectError struct{ Suspect store.Suspect }

func (e *SuspectError) Error() string { return "set aside as suspect: " + e.Suspect.Reason }

// alike is by how much two crawls may differ in what they find, as a share of the
// larger one, for the one to confirm the other.
const alike = 0.05

// remembered is how many of the last snapshots a new one is compared with.
const remembered = 20

// doubtful returns why a crawl is not believed, given the snapshots published before
// it, newest first, and what was set aside since, if anything; "" says that it is.
//
// A crawl is not believed if it found less than a share of the entries (files and
// directories) or of the bytes that the last snapshot has. What could not be listed
// counts as not found. Where the last snapshot is incomplete itself, it says little
// about what there should be: then the crawl is compared with the most that was found
// back to the last complete one as well, so that a site cannot shrink step by step
// without anybody's noticing; unless it confirms the last snapshot, which was believed
// for some reason. Limits that were lowered make a crawl suspect like anything else:
// its reason names them, and the next crawl confirms it. What other trackers have found
// does not count: one's own crawl is believed rather than them.
func doubtful(found store.Snapshot, before []store.Snapshot, aside *store.Suspect, share float64) string {
	before = slices.DeleteFunc(slices.Clone(before), func(s store.Snapshot) bool { return s.Via != "" })
	if share <= 0 || len(before) == 0 || aside != nil && confirms(found, aside.Snapshot) {
		return ""
	}
	last := before[0]
	most := last
	if last.Incomplete > 0 && !confirms(found, last) {
		most = mostFound(before)
	}
	if !fallsShort(found, last, share) && !fallsShort(found, most, share) {
		return ""
	}
	return fmt.Sprintf("%s files and directories with %s were found, where %s with %s are known; less than %g %% is not believed at once",
		human.Count(entries(found)), human.Bytes(found.Bytes), human.Count(entries(most)), human.Bytes(most.Bytes), 100*share)
}

// mostFound returns what was found at the most back to the last complete snapshot.
func mostFound(before []store.Snapshot) (most store.Snapshot) {
	for _, s := range before {
		most.Files, most.Dirs, most.Bytes = max(most.Files, s.Files), max(most.Dirs, s.Dirs), max(most.Bytes, s.Bytes)
		if s.Incomplete == 0 {
			break
		}
	}
	return most
}

func entries(s store.Snapshot) int64 { return s.Files + s.Dirs }

func fallsShort(found, before store.Snapshot, share float64) bool {
	less := func(found, before int64) bool { return float64(found) < share*float64(before) }
	return less(entries(found), entries(before)) || less(found.Bytes, before.Bytes)
}

// confirms reports whether two crawls found about the same.
func confirms(a, b store.Snapshot) bool {
	near := func(a, b int64) bool { return float64(max(a, b)-min(a, b)) <= alike*float64(max(a, b)) }
	return a.Root == b.Root || near(entries(a), entries(b)) && near(a.Bytes, b.Bytes)
}
