package foreign

import (
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/listing"
	"mirrortracker/internal/mirror"
)

func file(name string, size int64, modified time.Time) vfs.Entry {
	return vfs.Entry{Name: name, Kind: vfs.File, Size: size, ModTime: modified, Mode: 0o644, Links: 1, Owner: "ftp", Group: "ftp"}
}

func dir(name string, modified time.Time) vfs.Entry {
	return vfs.Entry{Name: name, Kind: vfs.Directory, ModTime: modified, Mode: fs.ModeDir | 0o755, Links: 1, Owner: "ftp", Group: "ftp"}
}

var (
	second = time.Date(2023, 1, 5, 12, 34, 56, 0, time.UTC)
	minute = second.Truncate(time.Minute)
)

func TestStat(t *testing.T) {
	t.Parallel()
	say := ftpscript.Say
	mlst := say("211-Features", " MLST type*;size*;modify*;", "211 End")
	for name, test := range map[string]struct {
		script script
		want   vfs.Entry
		err    error
	}{
		"MLST of a file":        {script{"FEAT": mlst, "SIZE": say("213 7"), "MLST": say("250-here", " type=file;size=7;modify=20230105123456; /x/f", "250 End")}, file("f", 7, second), nil},
		"MLST of a directory":   {script{"FEAT": mlst, "MLST": say("250-here", "type=dir;modify=20230105123456; f", "250 End")}, dir("f", second), nil},
		"SIZE of a directory":   {script{"FEAT": mlst, "SIZE": say("213 4096"), "MLST": say("250-here", "type=dir;modify=20230105123456; f", "250 End")}, dir("f", second), nil},
		"MLST of itself":        {script{"FEAT": mlst, "MLST": say("250-here", " type=cdir;modify=20230105123456; .", "250 End")}, dir("f", second), nil},
		"MLST of a link":        {script{"FEAT": mlst, "MLST": say("250-here", " type=OS.unix=slink:/y; /x/f", "250 End"), "SIZE": say("213 7"), "MDTM": say("213 20230105123456")}, file("f", 7, second), nil},
		"MLST that lies":        {script{"FEAT": mlst, "MLST": say("250-here", " type=file;size=1; /x/f", "250 End"), "SIZE": say("213 7"), "MDTM": say("213 20230105123456")}, file("f", 7, second), nil},
		"MLST without SIZE":     {script{"FEAT": mlst, "MLST": say("250-here", " type=file;size=7; /x/f", "250 End")}, file("f", 7, time.Time{}), nil},
		"MLST of a device":      {script{"FEAT": mlst, "MLST": say("250-here", " type=OS.unix=chr-1/3; /x/f", "250 End")}, vfs.Entry{Name: "f", Kind: vfs.Other, Mode: fs.ModeIrregular | 0o644, Links: 1, Owner: "ftp", Group: "ftp"}, nil},
		"MLST broken":           {script{"FEAT": mlst, "MLST": say("250 yes"), "SIZE": say("550 no"), "CWD": say("550 no")}, vfs.Entry{}, fs.ErrNotExist},
		"SIZE and MDTM":         {script{"SIZE": say("213 7"), "MDTM": say("213 20230105123456.789")}, file("f", 7, second), nil},
		"SIZE alone":            {script{"SIZE": say("213 7")}, file("f", 7, time.Time{}), nil},
		"an odd MDTM":           {script{"SIZE": say("213 7"), "MDTM": say("213 soon")}, file("f", 7, time.Time{}), nil},
		"an odd SIZE":           {script{"SIZE": say("213 -7"), "CWD": say("550 no")}, vfs.Entry{}, fs.ErrNotExist},
		"a directory":           {script{"SIZE": say("550 no plain file"), "MDTM": say("550 neither")}, dir("f", time.Time{}), nil},
		"nothing":               {script{"SIZE": say("550 no"), "CWD": say("550 Failed to change directory.")}, vfs.Entry{}, fs.ErrNotExist},
		"not for us":            {script{"SIZE": say("550 no"), "CWD": say("550 Permission denied.")}, vfs.Entry{}, fs.ErrPermission},
		"a reply like a letter": {script{"SIZE": say("213-7", "7", "213 7"), "CWD": say("550 no")}, vfs.Entry{}, fs.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			looks(t, test.script, func(p *Pool) (vfs.Entry, error) { return p.Stat(t.Context(), "/x/f") }, test.want, test.err)
		})
	}
}

// looks compares what is seen at a server with what is wanted, after which the connection must
// be as good as before.
func looks[V any](t *testing.T, s script, look func(*Pool) (V, error), want V, failure error) {
	t.Helper()
	p, _ := pool(t, s, 0, Config{})
	got, err := look(p)
	if !errors.Is(err, failure) || (err == nil) != (failure == nil) {
		t.Fatalf("error %v, want %v", err, failure)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !p.Usable() || len(p.Connections()) != 1 {
		t.Error("the connection was spoiled")
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	say, transfer := ftpscript.Say, ftpscript.Transfer
	mlsd := say("211-Features", " MLST type*;size*;modify*;", "211 End")
	unix := "total 4\r\ndrwxr-xr-x 2 ftp ftp 4096 Jan  5  2023 d\r\ndrwx------ 2 ftp ftp 4096 Jan  5  2023 private\r\n" +
		"lrwxrwxrwx 1 ftp ftp 1 Jan  5  2023 l -> d\r\n-rw-r--r-- 1 ftp ftp 7 2023-01-05 12:34 .f\r\n"
	day := time.Date(2023, 1, 5, 0, 0, 0, 0, time.UTC)
	private := dir("private", day)
	private.Mode = fs.ModeDir | 0o700
	link := vfs.Entry{Name: "l", Kind: vfs.Link, Size: 1, Target: "d", ModTime: day, Mode: fs.ModeSymlink | 0o777, Links: 1, Owner: "ftp", Group: "ftp"}
	listed := []vfs.Entry{dir("d", day), private, link, file(".f", 7, minute)}
	for name, test := range map[string]struct {
		script script
		want   []vfs.Entry
		err    error
	}{
		"MLSD": {script{"FEAT": mlsd, "MLSD": transfer("type=cdir;modify=20230105123456; .\r\ntype=pdir; ..\r\ntype=dir;modify=20230105123456; a b\r\ntype=file;size=7;modify=20230105123456; f\r\n")},
			[]vfs.Entry{dir("a b", second), file("f", 7, second)}, nil},
		"names that cannot be": {script{"FEAT": mlsd, "MLSD": transfer("type=file;size=7; ../etc/passwd\r\ntype=file;size=7; a\x00b\r\ntype=file;size=7; f\rg\r\ntype=file;size=7; f\r\n")},
			[]vfs.Entry{file("f", 7, time.Time{})}, nil},
		"LIST":                 {script{"LIST": transfer(unix)}, listed, nil},
		"LIST without options": {script{"LIST -a": say("501 no"), "LIST": transfer(unix)}, listed, nil},
		"MLSD promised":        {script{"FEAT": mlsd, "MLSD": say("502 no"), "LIST": transfer(unix)}, listed, nil},
		"empty":                {script{"LIST": transfer("total 0\r\n")}, []vfs.Entry{}, nil},
		"nothing":              {script{"CWD": say("550 no")}, nil, fs.ErrNotExist},
		"nothing by MLSD":      {script{"FEAT": mlsd, "MLSD": say("550 no"), "CWD": say("550 no")}, nil, fs.ErrNotExist},
		"a file":               {script{"CWD": say("550 no"), "SIZE": say("213 7")}, nil, vfs.ErrNotDir},
		"not for us":           {script{"CWD": say("550 Permission denied")}, nil, fs.ErrPermission},
		"not to be listed":     {script{"LIST": say("550 no")}, nil, fs.ErrPermission},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			looks(t, test.script, func(p *Pool) ([]vfs.Entry, error) { return p.List(t.Context(), "/x") }, test.want, test.err)
		})
	}
}

// A line that cannot be read costs the listing, and not the connection.
func TestListUnreadable(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, script{"LIST": ftpscript.Transfer("hello\r\n")}, 0, Config{})
	_, err := p.List(t.Context(), "/x")
	if _, ok := errors.AsType[*listing.LineError](err); !ok || !p.Usable() || len(p.Connections()) != 1 {
		t.Errorf("%v, %+v, %v", err, p.Health(), states(p))
	}
}

// What never ends is given up, and with it the connection.
func TestListEndless(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, script{"LIST": func(s *ftpscript.Session) {
		s.Reply("150 soon")
		d := s.Accept()
		line := make([]byte, 1<<20)
		for i := range line {
			line[i] = 'x'
		}
		for d.Send(string(line)) == nil {
		}
	}}, 0, Config{})
	_, err := p.List(t.Context(), "/x")
	if _, ok := errors.AsType[*ftpconn.TooLongError](err); !ok {
		t.Errorf("error %v", err)
	}
	if !p.Usable() || len(p.Connections()) != 0 {
		t.Errorf("%+v, %v", p.Health(), states(p))
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	say := ftpscript.Say
	s := script{
		"MKD /d": say(`257 "/d" made`), "MKD /e": say("550 /e: File exists"), "MKD /r": say("550 Create directory operation failed."),
		"RMD /d": say("250 gone"), "RMD /full": say("550 /full: Directory not empty"),
		"DELE /f": say("250 gone"), "DELE /no": say("550 /no: No such file or directory"), "DELE /ro": say("550 Permission denied."),
		"RNFR /a": say("350 to what?"), "RNTO /b": say("250 done"), "RNTO /ro": say("553 no"), "RNFR /no": say("550 what?"),
		"MFMT 20230105123456 /f": say("213 Modify=20230105123456; /f"), "MFMT 20230105123456 /q": say("552 quota"),
		"MDTM 20230105123456 /old": say("213 File modification time set."), "MDTM 20230105123456 /odd": say("213 20230105123456"),
		"SITE CHMOD 640 /f": say("200 done"),
	}
	p, server := pool(t, s, 0, Config{})
	ctx := t.Context()
	for name, test := range map[string]struct {
		do   func() error
		want error
	}{
		"MKD":               {func() error { return p.MakeDir(ctx, "/d") }, nil},
		"MKD of a name":     {func() error { return p.MakeDir(ctx, "/e") }, fs.ErrExist},
		"MKD refused":       {func() error { return p.MakeDir(ctx, "/r") }, fs.ErrPermission},
		"RMD":               {func() error { return p.RemoveDir(ctx, "/d") }, nil},
		"RMD not empty":     {func() error { return p.RemoveDir(ctx, "/full") }, vfs.ErrNotEmpty},
		"DELE":              {func() error { return p.Delete(ctx, "/f") }, nil},
		"DELE of nothing":   {func() error { return p.Delete(ctx, "/no") }, fs.ErrNotExist},
		"DELE refused":      {func() error { return p.Delete(ctx, "/ro") }, fs.ErrPermission},
		"RNFR":              {func() error { return p.Rename(ctx, "/a", "/b") }, nil},
		"RNTO refused":      {func() error { return p.Rename(ctx, "/a", "/ro") }, fs.ErrPermission},
		"RNFR of nothing":   {func() error { return p.Rename(ctx, "/no", "/b") }, fs.ErrNotExist},
		"MFMT":              {func() error { return p.SetModTime(ctx, "/f", second) }, nil},
		"MFMT over a quota": {func() error { return p.SetModTime(ctx, "/q", second) }, vfs.ErrSpace},
		"MFMT unknown":      {func() error { return p.SetModTime(ctx, "/old", second) }, nil},
		"MFMT and MDTM so":  {func() error { return p.SetModTime(ctx, "/f2", second) }, errors.ErrUnsupported},
		"MDTM that asks":    {func() error { return p.SetModTime(ctx, "/odd", second) }, errors.ErrUnsupported},
		"CHMOD":             {func() error { return p.Chmod(ctx, "/f", fs.ModeSetuid|0o640) }, nil},
		"CHMOD unknown":     {func() error { return p.Chmod(ctx, "/g", 0o640) }, errors.ErrUnsupported},
		"control character": {func() error { return p.Delete(ctx, mirror.Path("/a\r\nDELE /b")) }, errAny},
	} {
		if err := test.do(); test.want == errAny && err == nil || test.want != errAny && (!errors.Is(err, test.want) || (err == nil) != (test.want == nil)) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	if server.Count("DELE /b") > 0 || server.Count("USER") != 1 {
		t.Errorf("%q", server.Commands())
	}
}

var errAny = errors.New("any")
