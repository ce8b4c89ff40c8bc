package foreign

import (
	"slices"
	"strings"
	"testing"

	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/listing"
)

// Whatever a server lists, its names can stand in a path.
func FuzzEntries(f *testing.F) {
	f.Add([]byte("type=file;size=7;modify=20230105123456; f\r\ntype=dir; ../x\r\n"))
	f.Add([]byte("-rw-r--r-- 1 ftp ftp 7 Jan  5  2023 a\x00b\ndrwx------ 2 ftp ftp 4096 Jan  5 12:34 d\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		mlsd, _ := entries(listing.ParseMLSDUpTo(text, 100))
		list, _ := entries(listing.ParseListUpTo(text, 100))
		for _, e := range slices.Concat(mlsd, list) {
			if e.Name == "" || e.Name == "." || e.Name == ".." || strings.ContainsAny(e.Name, "/\x00\r\n") || e.Size < 0 {
				t.Errorf("%+v", e)
			}
		}
	})
}

// Whatever a server answers about a path, nothing breaks.
func FuzzAnswers(f *testing.F) {
	f.Add(213, []byte("213 7\r\n"))
	f.Add(213, []byte("213 20230105123456.789\r\n"))
	f.Add(250, []byte("250-here\r\n type=file;size=7; /x\r\n250 End\r\n"))
	f.Add(550, []byte("550 No such file\r\n"))
	f.Fuzz(func(t *testing.T, code int, raw []byte) {
		reply := ftpconn.Reply{Code: code, Raw: raw}
		if sizeOf(reply) >= 0 && code != 213 || !timeOf(reply).IsZero() && code != 213 {
			t.Errorf("%d told something", code)
		}
		if e := factsOf(reply); e.Size < 0 {
			t.Errorf("%+v", e)
		}
		_ = meaning(reply, nil)
	})
}
