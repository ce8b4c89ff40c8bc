package listing

import (
	"bytes"
	"path"
	"strings"
	"testing"

	"mirrortracker/internal/digest"
)

// What the package comment says of recursive listings holds for those that were
// recorded: each block after the first is of a directory that an earlier block
// shows, none comes twice, and all that is below a directory comes next.
func TestGoldenOrder(t *testing.T) {
	for _, server := range []string{"vsftpd", "proftpd", "pure-ftpd"} {
		t.Run(server, func(t *testing.T) {
			shown := map[string]bool{".": true}
			var above []string // the block before and those above it
			for d, err := range ParseRecursive(bytes.NewReader(read(t, server+".root.list-alR.txt")), Limits{}) {
				if err != nil {
					t.Fatal(err)
				}
				dir := "."
				if above != nil {
					dir = strings.TrimPrefix(d.Path, "./")
				}
				if !shown[dir] {
					t.Errorf("%q has a block, but no entry or a block before", dir)
				}
				delete(shown, dir)
				for len(above) > 0 && above[len(above)-1] != path.Dir(dir) {
					above = above[:len(above)-1]
				}
				if len(above) == 0 && dir != "." {
					t.Errorf("%q comes after all below %q was done", dir, path.Dir(dir))
				}
				above = append(above, dir)
				for _, e := range d.Entries {
					if e.Kind == digest.Dir {
						shown[strings.TrimPrefix(dir+"/"+e.Name, "./")] = true
					}
				}
			}
		})
	}
}
