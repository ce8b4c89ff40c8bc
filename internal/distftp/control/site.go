package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// siteTable makes the table of SITE commands.
func siteTable() map[string]command {
	return map[string]command{
		"HELP":        {run: (*session).siteHelp, syntax: "[USER | GROUP]"},
		"CHMOD":       {run: (*session).siteMode, syntax: "mode path", needs: true},
		"UTIME":       {run: (*session).siteTime, syntax: "YYYYMMDDhhmm[ss] path", needs: true},
		"SYMLINK":     {run: (*session).siteLink, syntax: "target link", needs: true},
		"MKDIR":       {run: (*session).makeDirectories, syntax: "path", needs: true},
		"UMASK":       {run: (*session).siteMask, syntax: "[mask]"},
		"IDLE":        {run: (*session).siteIdle, syntax: "[seconds]"},
		"CPFR":        {run: (*session).copyFrom, syntax: "path", needs: true},
		"CPTO":        {run: (*session).copyTo, syntax: "path", needs: true},
		"WHO":         {run: (*session).siteWho},
		"KICK":        {run: (*session).siteKick, syntax: "number", needs: true},
		"SLAVES":      {run: (*session).siteSlaves},
		"EXPLAIN":     {run: (*session).siteExplain, syntax: "[-c client] path", needs: true},
		"SLAVESELECT": {run: (*session).siteSelect, syntax: "[-c client] path", needs: true},
		"REMOTE":      {run: mirrorCommand("REMOTE"), syntax: mirrorVerbs, needs: true},
		"DIRMIRROR":   {run: mirrorCommand("DIRMIRROR"), syntax: "[MirrorID | AUTO] directory [URL]", needs: true},
		"USER":        {run: manageCommand("USER"), syntax: "ADD | SET | PASSWORD | REMOVE | LIST | SHOW"},
		"GROUP":       {run: manageCommand("GROUP"), syntax: "ADD | SET | REMOVE | LIST | SHOW"},
		"PSWD":        {run: (*session).sitePassword, syntax: "old new", needs: true},
	}
}

// site answers SITE, whose argument is a command of its own.
func (s *session) site(line string) {
	word, arg, _ := strings.Cut(line, " ")
	verb := strings.ToUpper(word)
	cmd, known := s.siteCommands[verb]
	switch {
	case !known:
		s.out.reply(500, "Unknown SITE command, see SITE HELP")
	case cmd.needs && arg == "":
		s.refuseSite(verb)
	default:
		cmd.run(s, arg)
	}
}

func (s *session) refuseSite(verb string) {
	s.out.reply(501, "SITE "+verb+" needs an argument: "+s.siteCommands[verb].syntax)
}

// siteHelp answers SITE HELP, of which the commands for users and groups, and for mirrors,
// have their own.
func (s *session) siteHelp(arg string) {
	switch words := strings.Fields(strings.ToUpper(arg)); {
	case len(words) == 0:
	case words[0] == "USER" || words[0] == "GROUP":
		s.manage(arg + " --help")
		return
	case words[0] == "REMOTE":
		s.mirror(strings.Join(append([]string{"REMOTE", "HELP"}, words[1:]...), " "))
		return
	default:
		cmd, known := s.siteCommands[words[0]]
		if !known {
			s.out.reply(501, "Unknown SITE command, see SITE HELP")
			return
		}
		s.out.reply(214, strings.TrimSpace("Syntax: SITE "+words[0]+" "+cmd.syntax))
		return
	}
	var lines []string
	for _, verb := range slices.Sorted(maps.Keys(s.siteCommands)) {
		lines = append(lines, strings.TrimSpace("SITE "+verb+" "+s.siteCommands[verb].syntax))
	}
	s.out.block(214, "These SITE commands are understood", lines, "End of help")
}

// siteMode answers SITE CHMOD.
func (s *session) siteMode(arg string) {
	digits, path, _ := strings.Cut(arg, " ")
	mode, err := parseMode(digits)
	if err != nil || path == "" {
		s.out.reply(501, "SITE CHMOD needs a mode from 0 to 777 and a path")
		return
	}
	s.change("SITE CHMOD", path, Write, func(w Writer, c *Changed) error {
		return w.SetMode(s.ctx, c.Path, mode)
	}, 200, "Mode is "+strconv.FormatUint(uint64(mode), 8))
}

// siteTime answers SITE UTIME in the forms that clients know: the time and a path; a path
// and the time; or a path, the times of last access, of modification and of creation, and
// "UTC".
func (s *session) siteTime(arg string) {
	when, path, _ := strings.Cut(arg, " ")
	modified, err := parseTime(when)
	fields := strings.Split(arg, " ")
	switch last := len(fields) - 1; {
	case last >= 4 && fields[last] == "UTC":
		modified, err = parseTime(fields[last-2])
		path = strings.Join(fields[:last-3], " ")
	case err != nil:
		modified, err = parseTime(fields[last])
		path = strings.Join(fields[:last], " ")
	}
	if err != nil || path == "" {
		s.refuseSite("UTIME")
		return
	}
	s.setTime("SITE UTIME", path, modified, 200, "Time is set")
}

// makeDirectories answers SITE MKDIR: MKD, with the directories above where they are
// missing.
func (s *session) makeDirectories(arg string) {
	w, err := s.writer()
	if err != nil {
		s.fail(err)
		return
	}
	p, err := s.target(arg, List)
	if err == nil {
		err = s.makeBelow(w, p)
	}
	if err != nil {
		s.fail(err)
		return
	}
	s.out.reply(200, quote(p)+" is there")
}

// makeBelow makes what is missing of a path.
func (s *session) makeBelow(w Writer, p mirror.Path) error {
	names := p.Names()
	for i := range names {
		at := mirror.FromNames(names[:i+1])
		e, err := s.FS.Stat(s.ctx, at)
		if errors.Is(err, fs.ErrNotExist) {
			if err = s.allow(at, MakeDir); err == nil {
				err = w.MakeDir(s.ctx, at)
			}
			if err == nil {
				s.Observer.Observe(&Changed{Client: &s.client, Verb: "SITE MKDIR", Path: at})
			}
		} else if err == nil && e.Kind != vfs.Directory {
			err = vfs.ErrNotDir
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// siteMask answers SITE UMASK.
func (s *session) siteMask(string) {
	s.out.reply(504, "Modes of new files are the server's to choose, and SITE CHMOD's to change")
}

// siteIdle answers SITE IDLE: how long the session may idle. It cannot be longer than that
// of others.
func (s *session) siteIdle(arg string) {
	if arg = strings.TrimSpace(arg); arg != "" {
		seconds, err := strconv.ParseUint(arg, 10, 31)
		if err != nil || seconds == 0 || time.Duration(seconds)*time.Second > s.IdleTimeout {
			s.out.reply(501, fmt.Sprintf("SITE IDLE takes 1 to %d seconds", int(s.IdleTimeout.Seconds())))
			return
		}
		s.idle = time.Duration(seconds) * time.Second
	}
	s.out.reply(200, fmt.Sprintf("Idle limit is %d seconds, at most %d", int(s.idle.Seconds()), int(s.IdleTimeout.Seconds())))
}

// siteLink answers SITE SYMLINK. An absolute target counts from the root that the
// client sees, and becomes one from the link's directory.
func (s *session) siteLink(arg string) {
	target, link, ok := twoPaths(arg)
	if !ok {
		s.out.reply(501, "SITE SYMLINK needs a target and a path, in double quotes where they hold blanks")
		return
	}
	s.change("SITE SYMLINK", link, Write, func(w Writer, c *Changed) error {
		if strings.HasPrefix(target, "/") {
			to, err := resolve(mirror.Root, target)
			if err != nil {
				return err
			}
			target = relative(c.Path.Parent(), to)
		}
		return w.Symlink(s.ctx, target, c.Path)
	}, 200, "Link made")
}

// relative writes the path to as one from the directory dir.
func relative(dir, to mirror.Path) string {
	from, names := dir.Names(), to.Names()
	for len(from) > 0 && len(names) > 0 && from[0] == names[0] {
		from, names = from[1:], names[1:]
	}
	steps := append(slices.Repeat([]string{".."}, len(from)), names...)
	if len(steps) == 0 {
		return "."
	}
	return strings.Join(steps, "/")
}

// twoPaths cuts an argument that names two paths. A path may stand in double quotes,
// quotes in it doubled, as 257 writes it. Otherwise the first ends at the first blank,
// and the second, as lftp sends it, at the end.
func twoPaths(arg string) (first, second string, ok bool) {
	first, second, ok = strings.Cut(arg, " ")
	if strings.HasPrefix(arg, `"`) {
		first, second, ok = unquote(arg)
		ok = ok && strings.HasPrefix(second, " ")
		second = strings.TrimPrefix(second, " ")
	}
	if ok && strings.HasPrefix(second, `"`) {
		var rest string
		second, rest, ok = unquote(second)
		ok = ok && rest == ""
	}
	return first, second, ok && first != "" && second != ""
}

// unquote reads a path in quotes from the beginning of an argument.
func unquote(arg string) (path, rest string, ok bool) {
	var b strings.Builder
	for rest = arg[1:]; ; {
		piece, after, found := strings.Cut(rest, `"`)
		if !found {
			return "", "", false
		}
		b.WriteString(piece)
		if !strings.HasPrefix(after, `"`) {
			return b.String(), after, true
		}
		b.WriteByte('"')
		rest = after[1:]
	}
}

// copyFrom answers SITE CPFR, with which a copy on the server begins (mod_copy).
func (s *session) copyFrom(arg string) {
	s.copying = ""
	p, err := s.target(arg, Read)
	if err != nil {
		s.fail(err)
		return
	}
	e, err := s.FS.Stat(s.ctx, p)
	if err == nil && e.Kind != vfs.File {
		err = vfs.ErrNotRegular
	}
	if err != nil {
		s.fail(err)
		return
	}
	s.copying = p
	s.out.reply(350, "Ready for SITE CPTO")
}

// mayCopy asks for the rights to put a copy in a place, and takes the room for it of what
// the user may store.
func (s *session) mayCopy(from, to mirror.Path) (*data.Quota, error) {
	e, err := s.FS.Stat(s.ctx, from)
	if err != nil {
		return nil, err
	}
	old, err := s.mayReplace(to, 0)
	if err != nil {
		return nil, err
	}
	quota, err := s.quota(old, 0)
	if err != nil {
		return nil, err
	}
	if err := quota.Take(e.Size); err != nil {
		quota.Release()
		return nil, err
	}
	return quota, nil
}

// copyTo answers SITE CPTO. A large file takes a while, in which ABOR can end it.
func (s *session) copyTo(arg string) {
	from := s.copying
	s.copying = ""
	if from == "" {
		s.out.reply(503, "Use SITE CPFR first")
		return
	}
	w, err := s.writer()
	if err != nil {
		s.fail(err)
		return
	}
	p, err := s.target(arg)
	var quota *data.Quota
	if err == nil {
		quota, err = s.mayCopy(from, p)
	}
	if err != nil {
		s.fail(err)
		return
	}
	s.compute("SITE CPTO", p,
		func(ctx context.Context, flow *data.Flow) error {
			defer quota.Release()
			return w.Copy(ctx, from, p, flow, s.charge())
		},
		func() (int, string) {
			s.Observer.Observe(&Changed{Client: &s.client, Verb: "SITE CPTO", Path: from, To: p})
			return 250, "Copied from " + string(from)
		})
}
