package ftplist

// A length is the longest listing of a command that was seen to be whole.
//
// Servers cut listings at a limit of their own, and some do so without a word
// (proftpd LIST and STAT, but not MLSD; pure-ftpd STAT, but not LIST). What is cut is
// as long as the limit, so a listing that is shorter than one that was whole is
// whole too.
type length struct {
	Entries int `json:"entries"`
	Times   int `json:"times"` // how many of that length were whole
}

// lengthTimes is how many listings of the same length must have been whole for all of
// that length to count as whole: a single one could have as many entries as the
// limit by chance.
const lengthTimes = 8

// mayBeCut reports whether a listing is so long that it may have been cut.
func (f facts) mayBeCut(command string, entries int) bool {
	whole := f.Whole[command]
	return entries > whole.Entries || entries == whole.Entries && whole.Times < lengthTimes
}

// whole notes that a listing of so many entries was not cut.
func (l *lister) whole(command string, entries int) {
	l.learn(func(f *facts) {
		now := f.Whole[command]
		switch {
		case entries > now.Entries:
			now = length{Entries: entries, Times: 1}
		case entries == now.Entries:
			now.Times++
		default:
			return
		}
		f.Whole = with(f.Whole, command, now)
	})
}
