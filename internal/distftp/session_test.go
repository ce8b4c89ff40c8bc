package distftp_test

import (
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
)

// A site with what the sessions below talk about.
func site(t testing.TB) string {
	dir := plant(t, t.TempDir(), map[string]string{
		"README":                 "hello\nworld\n",
		"pub/a file":             "12345",
		"pub/ lead":              "x",
		"pub/trail ":             "yy",
		"pub/.hidden":            "h",
		"pub/caf\xe9":            "latin",
		"pub/caf\xc3\xa9":        "utf8",
		"pub/x -> y":             "arrow",
		"pub/say \"hi\" 100%":    "quotes",
		"pub/empty/":             "",
		"pub/say \"dir\"/inside": "1",
		"link":                   "-> README",
		"linkdir":                "-> pub",
		"loop":                   "-> loop",
		"dangling":               "-> nowhere",
		"out":                    "-> ../../../../../../etc",
		"passwd":                 "-> /etc/passwd",
		"semi":                   "-> a;b c",
	})
	touch(t, dir, "README", time.Date(2019, 12, 24, 18, 0, 5, 0, time.UTC))
	touch(t, dir, "pub/a file", time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC))
	return dir
}

var siteNow = time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)

func serveSite(t testing.TB) string {
	return serve(t, distftp.Config{
		FS:           openFolder(t, site(t)),
		Now:          func() time.Time { return siteNow },
		FailureDelay: time.Millisecond,
	})
}

// TestReplies sends commands, "=>" the beginning of each one's reply.
func TestReplies(t *testing.T) {
	addr := serveSite(t)
	tests := []struct {
		name   string
		before bool // the login
		story  string
	}{
		{"before login", true, `
			PWD => 530
			SIZE README => 530
			STAT README => 530
			STAT => 211-
			NOOP => 200
			SYST => 215 UNIX Type: L8
			FEAT => 211-
			AUTH TLS => 502
			STOR x => 530
			XYZZY => 500
			PASS early => 503
			QUIT => 221`},
		{"login", true, `
			USER => 501
			user FTP => 331
			pass => 230
			PASS again => 230
			PWD => 257 "/"
			USER root => 331
			PWD => 530
			PASS secret => 530 Login incorrect
			USER nobody => 331
			PASS secret => 530 Login incorrect
			USER anonymous => 331
			PASS x => 230`},
		{"virtual hosts", true, `
			HOST ftp.example.org => 220
			HOST FTP.EXAMPLE.ORG. => 220
			HOST [2001:db8::1] => 220
			HOST 192.0.2.1 => 220
			HOST a b => 501
			HOST [192.0.2.1] => 501
			HOST [2001:db8::1 => 501
			HOST a..b => 501
			HOST => 501
			USER ftp => 331
			HOST ftp.example.org => 503
			PASS x => 230
			HOST ftp.example.org => 503
			REIN => 220
			HOST ftp.example.org => 220`},
		{"beginning anew", true, `
			REIN => 220
			USER ftp => 331
			PASS x => 230
			TYPE I => 200
			OPTS MLST size; => 200
			EPSV ALL => 200
			CEPR ON => 200
			CWD pub => 250
			REIN => 220
			PWD => 530
			PASS x => 503
			USER ftp => 331
			PASS x => 230
			PWD => 257 "/"
			FEAT => 211-Features\r\n AVBL\r\n CEPR\r\n CLNT\r\n CSID\r\n EPRT\r\n EPSV\r\n HASH CRC32;MD5;SHA-1;SHA-224;SHA-256*;SHA-384;SHA-512\r\n HOST
			SIZE README => 550 SIZE is not available in TYPE A
			PASV => 227
			EPSV => 229 Entering Extended Passive Mode (|||`},
		{"three strikes", true, `
			USER a => 331
			PASS a => 530
			USER b => 331
			PASS b => 530
			USER c => 331
			PASS c => 421`},
		{"kinds of no", false, `
			STOR x => 550 Permission denied: access is read-only
			DELE README => 550
			RNFR README => 550
			MKD x => 550
			MFMT 20200101000000 README => 550
			SITE CHMOD 777 README => 550
			SITE CPFR README => 350
			SITE CPTO x => 550
			SITE NOTHING => 500
			PROT P => 503
			FOO => 500
			README\x20 => 500
			VERYLONGVERBINDEED => 500
			CWD => 501
			SIZE a\x00b => 501
			CWD a\rb => 501`},
		{"parameters", false, `
			TYPE A => 200
			TYPE a n => 200
			TYPE I => 200
			TYPE L 8 => 200
			TYPE E => 504
			TYPE A T => 504
			TYPE L 7 => 504
			TYPE X => 501
			TYPE => 501
			MODE S => 200
			MODE B => 504
			MODE Z => 504
			MODE X => 501
			STRU F => 200
			STRU R => 504
			STRU X => 501
			ACCT any => 202
			ACCT => 501
			SMNT /dev/sda => 502
			LPSV => 502
			MFCT 20200101000000 README => 502
			LANG => 200
			LANG en => 200
			LANG EN-GB => 200
			LANG de => 504
			CLNT ncftp 3.2.6 => 200
			CLNT => 501
			CSID Name=BarFTP; Version=1.3; => 200 Name=
			SITE IDLE => 200 Idle limit is 300 seconds, at most 300
			SITE IDLE 60 => 200 Idle limit is 60 seconds, at most 300
			SITE IDLE 0 => 501
			SITE IDLE 301 => 501
			SITE IDLE x => 501
			SITE UMASK 022 => 504
			ALLO 100 => 200
			ALLO => 501
			ALLO 5 R x => 501
			ALLO 9223372036854775807 => 452
			OPTS UTF8 ON => 200
			OPTS utf8 on => 200
			OPTS UTF8 OFF => 200
			OPTS UTF8 => 200
			OPTS UTF-8 NLST => 200
			OPTS UTF8 MAYBE => 501
			OPTS NOTHING => 501
			OPTS HASH => 200 SHA-256\r\n
			OPTS MLST size;TYPE;bogus; => 200 MLST OPTS type;size;
			FEAT => 211-Features\r\n AVBL\r\n CEPR\r\n CLNT\r\n CSID\r\n EPRT\r\n EPSV\r\n HASH CRC32;MD5;SHA-1;SHA-224;SHA-256*;SHA-384;SHA-512\r\n HOST\r\n MD5\r\n MDTM\r\n MFF modify;UNIX.mode;\r\n MFMT\r\n MLST type*;size*;modify;perm;unique;UNIX.mode;\r\n PRET\r\n RANG STREAM\r\n REST STREAM\r\n SITE CHMOD\r\n SITE COPY\r\n SITE MKDIR\r\n SITE SYMLINK\r\n SITE UTIME\r\n SIZE\r\n TVFS\r\n UTF8\r\n XCRC\r\n XMD5\r\n XSHA\r\n XSHA1\r\n XSHA256\r\n XSHA512\r\n211 End
			MLST README => 250-Listing /README\r\n type=file;size=12; /README\r\n250 End
			OPTS MLST => 200 MLST OPTS\r\n
			MLST README => 250-Listing /README\r\n  /README\r\n250 End
			HELP => 214-
			HELP retr => 214 Syntax: RETR path (RFC 959)
			HELP SITE => 214-
			HELP nonsense => 501
			NOOP => 200`},
		{"directories", false, `
			PWD => 257 "/" is
			CWD pub => 250
			CWD say "dir" => 250
			PWD => 257 "/pub/say ""dir""" is
			CWD .. => 250
			PWD => 257 "/pub" is
			CWD nothere => 550
			CWD a file => 550 Not a directory
			CWD a file/x => 550
			CDUP => 250
			CDUP => 250
			PWD => 257 "/" is
			CWD ../../../etc => 550
			CWD /pub//./empty/ => 250
			XPWD => 257 "/pub/empty"
			CWD /linkdir => 250
			PWD => 257 "/linkdir" is
			CWD ../linkdir/empty/../.. => 250
			PWD => 257 "/" is
			CWD out => 550
			CWD loop => 550
			CWD dangling => 550`},
		{"files", false, `
			SIZE README => 550
			TYPE I => 200
			SIZE README => 213 12\r\n
			SIZE link => 213 12\r\n
			SIZE linkdir/a file => 213 5\r\n
			SIZE pub/ lead => 213 1\r\n
			SIZE pub/trail\x20 => 213 2\r\n
			SIZE pub/trail => 550
			SIZE pub/caf\xe9 => 213 5\r\n
			SIZE pub/caf\xc3\xa9 => 213 4\r\n
			SIZE pub/x -> y => 213 5\r\n
			SIZE pub/say "hi" 100% => 213 6\r\n
			SIZE pub => 550 Not a plain file
			SIZE passwd => 550 Permission denied
			SIZE out/passwd => 550 Permission denied
			SIZE nothere => 550 No such file
			MDTM README => 213 20191224180005\r\n
			MDTM pub/a file => 213 20240229235959\r\n
			MDTM pub => 550
			RETR out/passwd => 550
			RETR nothere => 550
			RETR pub => 550 Not a plain file
			RETR README => 425
			LIST nothere => 550
			LIST -a nothere => 550
			MLSD nothere => 550
			MLSD README => 550 Not a directory
			STAT nothere => 550
			NLST nothere => 550
			LIST => 425
			REST x => 501
			REST -1 => 501
			REST 5 => 350
			TYPE A => 200
			REST 5 => 501
			REST 0 => 350
			RANG 0 5 => 501 RANG is not available in TYPE A
			TYPE I => 200
			RANG 5 4 => 501
			RANG 5 => 501
			RANG -1 5 => 501
			RANG 1 2 3 => 501
			RANG 0 9223372036854775807 => 501
			RANG 13 20 => 350
			RETR README => 554
			RANG 2 7 => 350
			HASH README => 213 SHA-256 2-7 d387b8f8330104968e18506a07593dc123fac19309e6eee65bf231302a965e1d README\r\n
			RANG 6 99 => 350
			HASH README => 213 SHA-256 6-11 e258d248fda94c63753607f7c4494ee0fcbe92f1a76bfdac795c9d84101eb317 README\r\n
			HASH README => 213 SHA-256 0-11
			RANG 5 9 => 350
			STOR x => 503 RANG is for downloads
			ABOR => 225`},
		{"data ports", false, `
			PORT 127,0,0,1,4,0 => 200
			PORT 127,0,0,1,3,255 => 500
			PORT 127,0,0,2,4,0 => 500
			PORT 127,0,0,1,4 => 501
			PORT 127,0,0,1,4,256 => 501
			EPRT |1|127.0.0.1|1024| => 200
			EPRT |1|127.0.0.1|1023| => 500
			EPRT |1|127.0.0.9|1024| => 500
			EPRT |2|::1|1024| => 522 Network protocol not supported, use (1)
			EPRT |3|127.0.0.1|1024| => 522 Network protocol not supported, use (1)
			EPRT |1|127.0.0.1| => 501
			EPSV 1 => 229 Entering Extended Passive Mode (|||
			EPSV 2 => 522 Network protocol not supported, use (1)
			EPSV 7 => 522 Network protocol not supported, use (1)
			EPSV x => 501
			PASV => 227 Entering Passive Mode (127,0,0,1,
			ABOR => 225
			RETR README => 425
			PRET RETR README => 200
			PRET RETR nothere => 550 No such file
			PRET RETR pub => 550 Not a plain file
			PRET RETR passwd => 550 Permission denied
			PRET MLSD null => 200
			PRET LIST => 200
			PRET NLST -l => 200
			PRET STOR x => 550 Permission denied: access is read-only
			PRET APPE README => 550
			PRET STOU => 550
			PRET DELE x => 504
			PRET => 501
			CEPR ON => 200
			EPSV => 229 Entering Extended Passive Mode (|1|127.0.0.1|
			CEPR OFF => 200
			CEPR MAYBE => 501
			EPSV => 229 Entering Extended Passive Mode (|||
			EPSV ALL => 200
			PASV => 503
			PORT 127,0,0,1,4,0 => 503
			EPRT |1|127.0.0.1|1024| => 503
			EPSV => 229`},
	}
	unescape := strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\x00`, "\x00", `\x20`, " ",
		`\xe9`, "\xe9", `\xc3\xa9`, "\xc3\xa9").Replace
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c *client
			if tt.before {
				c = dial(t, addr)
			} else {
				c = login(t, addr)
			}
			for line := range strings.SplitSeq(strings.TrimSpace(tt.story), "\n") {
				cmd, want, _ := strings.Cut(strings.TrimLeft(line, "\t"), " => ")
				c.do(unescape(cmd), unescape(want))
			}
		})
	}
}
