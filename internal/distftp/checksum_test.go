package distftp_test

import (
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
)

// The digests are those that sha256sum and its like print for "hello\nworld\n", and for
// its bytes from 2 to 8.
func TestChecksums(t *testing.T) {
	c := login(t, serveSite(t))
	for line, want := range map[string]string{
		"HASH README":           "213 SHA-256 0-11 4a1e67f2fe1d1cc7b31d0ca2ec441da4778203a036a77da10344c85e24ff0f92 README\r\n",
		"XCRC README":           "250 C4C55DFF\r\n",
		"XMD5 README":           "250 0F723AE7F9BF07744445E93AC5595156\r\n",
		"XSHA1 README":          "250 58853E8A5E8272B1012F9A52A80758B27BD0D3CB\r\n",
		"XSHA README":           "250 58853E8A5E8272B1012F9A52A80758B27BD0D3CB\r\n",
		"XSHA512 README":        "250 595BEEB13E543B7107C182BB23AC7766BD62AB3122E250E90573EB540F89520122150E5F69BB99140BC47AB526C9B7B2A3B2402B09B44B7391501A149876765C\r\n",
		"MD5 README":            "251 \"/README\" 0F723AE7F9BF07744445E93AC5595156\r\n",
		"MD5 nothere":           "550 No such file",
		"XSHA256 \"/README\"":   "250 4A1E67F2FE1D1CC7B31D0CA2EC441DA4778203A036A77DA10344C85E24FF0F92\r\n",
		"XCRC \"README\" 2 8":   "250 419705B5\r\n",
		"XCRC \"README\" 2":     "250 5347D36A\r\n",
		"XCRC \"README\" 2 99":  "250 5347D36A\r\n",
		"XCRC \"README\" 13":    "554",
		"XCRC \"README\" 8 2":   "501",
		"XCRC \"README\" x":     "501",
		"XCRC \"README\" 1 2 3": "501",
		"XCRC \"README":         "501",
		"XCRC":                  "501",
		"HASH pub":              "550 Not a plain file",
		"HASH passwd":           "550 Permission denied",
		"XMD5 nothere":          "550 No such file",
		"XMD5 pub/a file":       "250 827CCB0EEA8A706C4C34A16891F84E7B\r\n",
		"AVBL":                  "550 Permission denied",
	} {
		c.do(line, want)
	}
	for algorithm, sum := range map[string]string{
		"CRC32": "c4c55dff", "md5": "0f723ae7f9bf07744445e93ac5595156", "SHA-1": "58853e8a5e8272b1012f9a52a80758b27bd0d3cb", "SHA-224": "7822a099e18232ae3ad0a76a5ef5c5810f8e0a392fd8272e664380e4", "SHA-384": "96ac6e7831767ba8072ce8e0da5301b725e4660926dd127b454d33524cf6818d164ada5a10d4a9bb3b83c6ec56f5460e", "SHA-512": "595beeb13e543b7107c182bb23ac7766bd62ab3122e250e90573eb540f89520122150e5f69bb99140bc47ab526c9b7b2a3b2402b09b44b7391501a149876765c",
	} {
		c.do("OPTS HASH "+algorithm, "200 "+strings.ToUpper(algorithm)+"\r\n")
		c.do("HASH README", "213 "+strings.ToUpper(algorithm)+" 0-11 "+sum+" README\r\n")
	}
	c.do("OPTS HASH TIGER", "501")
	c.do("OPTS HASH", "200 ")
}

// A checksum can be looked at and broken off, and one that would go on for ever does not.
func TestLongChecksum(t *testing.T) {
	addr := serveHuge(t)
	c := login(t, addr)
	c.send("XSHA256 huge")
	if got := c.do("STAT", "211-"); !strings.Contains(got, "XSHA256 /huge") {
		t.Errorf("STAT: %q", got)
	}
	c.raw("\xff\xf4\xff\xf2ABOR\r\n")
	c.want("451 Aborted")
	c.want("226")
	c.do("NOOP", "200")
	c.send("HASH huge")
	c.conn.Close() // and the server does not compute on: it can be stopped

	dir := t.TempDir()
	hugeFile(t, dir)
	c = login(t, serve(t, distftp.Config{FS: openFolder(t, dir), IdleTimeout: 300 * time.Millisecond}))
	c.do("HASH huge", "450")
}

// Nothing is computed for clients that are gone, however much they asked for before.
func TestChecksumsForNobody(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"hello": "hello"})
	hugeFile(t, dir)
	addr := serveDir(t, dir)
	for _, n := range []int{10, 1000} { // fewer and more than are taken in advance
		gone := login(t, addr)
		gone.raw(strings.Repeat("HASH huge\r\n", n))
		gone.conn.Close()
		c := login(t, addr)
		c.do("XSHA256 hello", "250")
	}
}

func TestAvailable(t *testing.T) {
	c := login(t, serve(t, distftp.Config{FS: openFolder(t, site(t)), Access: control.ReadWrite}))
	if free := strings.TrimSpace(strings.TrimPrefix(c.do("AVBL pub", "213 "), "213 ")); strings.Trim(free, "0123456789") != "" || free == "" {
		t.Errorf("AVBL: %q", free)
	}
	c.do("AVBL nothere", "550")
}
