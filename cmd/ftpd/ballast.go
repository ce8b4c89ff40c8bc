package main

// ballast returns memory that is never touched, and so takes none, to be kept alive by what
// serves for long. It counts as in use, and garbage is collected when there is as much of it:
// of the little that a master or slave has in use there would be as much garbage several times
// a second.
func ballast() []byte { return make([]byte, 16<<20) }
