package matrix

import (
	"encoding/binary"
	"os"
)

var axel = &client{
	name:    "axel",
	needs:   []string{"axel"},
	version: debianVersion("axel"),
	lacks: lacking(noPret, onlyPassive, noExtended, onlyDownloads, noListings,
		lack("opens TLS on the data connection before it asks for anything to be sent there", string(explicit), string(implicit))),
	fetch: func(j *job, name string) {
		if j.resume {
			j.axelState()
		}
		j.run("axel", "-n", "1", "-o", j.local(), j.rawURL(name))
	},
}

// axelState writes what an axel that is broken off leaves beside the file: the number of
// connections, how much is there, and where the one connection is and is to end.
func (j *job) axelState() {
	j.Helper()
	state, err := binary.Append(nil, binary.NativeEndian, struct {
		Connections         uint16
		Done, Current, Last int64
	}{1, int64(len(half)), int64(len(half)), int64(len(content))})
	j.must(err)
	j.must(os.WriteFile(j.local()+".st", state, 0o644))
}
