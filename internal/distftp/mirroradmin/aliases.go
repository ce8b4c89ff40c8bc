package mirroradmin

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

// An aliasArg is the path of an alias.
type aliasArg struct {
	Alias string `arg:"" help:"The path of the alias, as clients see it."`
}

// A server is where an alias leads, without the password.
type server struct {
	Path string `arg:"" name:"path" help:"Where the server's tree appears, as clients see it."`
	Host string `arg:"" name:"host" help:"The server: a name or an address, also one of IPv6."`
	Port uint16 `arg:"" name:"port" help:"Its port, mostly 21."`
	User string `arg:"" name:"user" help:"The user to log in as, such as anonymous."`
}

// serverFlags are what else can be said of it.
type serverFlags struct {
	TLS    string `default:"off" placeholder:"off|explicit|implicit" help:"Whether connections to it are protected. Default: off."`
	Limit  int    `placeholder:"N" help:"How many control connections to it there may be. Default: 8."`
	Tunnel bool   `help:"Relay all transfers, rather than have clients connected with it."`
}

type addAlias struct {
	server
	Root string `arg:"" optional:"" default:"/" name:"remote-root" help:"Which directory of the server appears. Default: its root."`
	serverFlags
}

func (addAlias) Help() string {
	return "The password is asked for on a terminal, and is otherwise the first line of standard input; for anonymous there is none.\n\n" + examples(
		"ftpd mirror addalias /remote_site_3 ftp.example.org 21 user /",
		"ftpd mirror addalias /debian ftp.de.debian.org 21 anonymous /debian --limit 4",
		"ftpd mirror addalias /safe ftp.example.org 990 user / --tls implicit < password")
}

// anonymous is the password of those who have none.
const anonymous = "ftp@"

// Run adds the alias.
func (c *addAlias) Run(a *App) error {
	password := anonymous
	if !account.IsAnonymous(c.User) {
		var err error
		if password, err = a.Password(c.User); err != nil {
			return err
		}
	}
	return a.add(&c.server, c.Root, &c.serverFlags, password)
}

// add adds an alias.
func (a *App) add(at *server, remote string, f *serverFlags, password string) error {
	p, err := a.path(at.Path)
	if err != nil {
		return err
	}
	root, err := parseRoot(remote)
	if err != nil {
		return err
	}
	tls, err := parseTLS(f.TLS)
	if err != nil {
		return err
	}
	made := mirrors.Alias{Path: p, Host: parseHost(at.Host), Port: at.Port, User: at.User, Root: root, TLS: tls, Limit: f.Limit, Tunnel: f.Tunnel}
	if err := made.Validate(); err != nil {
		return ui.Misuse("%w", err)
	}
	return a.with(func(s *mirrors.Store) error {
		if err := s.AddAlias(a, made, password); err != nil {
			return err
		}
		return a.told(s, p, true, fmt.Sprintf("%s is %s", p, target(&made)))
	})
}

// told says what was done to an alias, having tried its server out where that may be
// another one now.
func (a *App) told(s *mirrors.Store, p mirror.Path, other bool, text string) error {
	lines := []string{text}
	to, err := alias(s, p)
	if err != nil {
		return err
	}
	if other {
		lines = append(lines, a.tryAgain(s, to)...)
		if to, err = alias(s, p); err != nil {
			return err
		}
	}
	return a.done(describe(to), lines...)
}

// target writes where an alias leads.
func target(a *mirrors.Alias) string {
	return fmt.Sprintf("%s at %s%s", a.User, a.Address(), ui.Printable(string(a.Root)))
}

// parseRoot reads a path on a server.
func parseRoot(text string) (mirror.Path, error) {
	p, err := mirror.ParsePath(text)
	if err != nil || !strings.HasPrefix(text, "/") {
		return "", ui.Misuse("remote root %q: want a path from the server's root on, such as /pub", text)
	}
	return p, nil
}

// parseHost reads what a server is called: an address in its usual form, also if it stands
// in brackets as in a URL, and a name as it is.
func parseHost(text string) string {
	bare := text
	if inner, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(inner, "]") {
		bare = strings.TrimSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(bare)
	if err != nil || bare != text && !addr.Is6() {
		return text
	}
	return addr.Unmap().String()
}

// parseTLS reads how connections are protected.
func parseTLS(text string) (ftpconn.TLSMode, error) {
	switch mode := ftpconn.TLSMode(strings.ToLower(text)); mode {
	case ftpconn.NoTLS, ftpconn.ExplicitTLS, ftpconn.ImplicitTLS:
		return mode, nil
	}
	return "", ui.Misuse("TLS %q: want off, explicit or implicit", text)
}

type delAlias struct{ aliasArg }

func (delAlias) Help() string {
	return "An alias that is a member of a mirror entry stays; see delmirror.\n\n" + examples("ftpd mirror delalias /remote_site_3")
}

// Run removes the alias.
func (c *delAlias) Run(a *App) error {
	p, err := a.path(c.Alias)
	if err != nil {
		return err
	}
	return a.with(func(s *mirrors.Store) error {
		if err := s.DeleteAlias(a, p); err != nil {
			return err
		}
		return a.done(map[string]mirror.Path{"path": p}, fmt.Sprintf("%s is no alias any more", p))
	})
}

type changeAlias struct {
	aliasArg

	Key   string  `arg:"" help:"What to change: host, port, user, pass, root, tls or limit."`
	Value *string `arg:"" optional:"" help:"What it is from now on. A password is not an argument: it is asked for."`
}

func (changeAlias) Help() string {
	return "tls is off, explicit or implicit; limit is how many control connections there may be, 0 for as many as to others. A new password is asked for on a terminal, and is otherwise the first line of standard input.\n\n" + examples(
		"ftpd mirror change /remote_site_3 host ftp2.example.org",
		"ftpd mirror change /remote_site_3 tls explicit",
		"ftpd mirror change /remote_site_3 pass")
}

// Run changes the alias.
func (c *changeAlias) Run(a *App) error {
	if !strings.EqualFold(c.Key, "pass") {
		return c.change(a)
	}
	if c.Value != nil {
		return ui.Misuse("a password is not an argument, which others on this machine could see: leave it out, and it is asked for")
	}
	password, err := a.Password(c.Alias)
	if err != nil {
		return err
	}
	c.Value = &password
	return c.change(a)
}

// change changes the alias, to a password too.
func (c *changeAlias) change(a *App) error {
	p, err := a.path(c.Alias)
	if err != nil {
		return err
	}
	if c.Value == nil {
		return ui.Misuse("%s: say what it is from now on", c.Key)
	}
	var password *string
	edit := func(*mirrors.Alias) {}
	key := strings.ToLower(c.Key)
	switch value := *c.Value; key {
	case "pass":
		password = &value
	case "host":
		edit = func(a *mirrors.Alias) { a.Host = parseHost(value) }
	case "port":
		port, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			return ui.Misuse("port %q: want 1 to 65535", value)
		}
		edit = func(a *mirrors.Alias) { a.Port = uint16(port) }
	case "user":
		edit = func(a *mirrors.Alias) { a.User = value }
	case "root":
		root, err := parseRoot(value)
		if err != nil {
			return err
		}
		edit = func(a *mirrors.Alias) { a.Root = root }
	case "tls":
		tls, err := parseTLS(value)
		if err != nil {
			return err
		}
		edit = func(a *mirrors.Alias) { a.TLS = tls }
	case "limit":
		limit, err := strconv.Atoi(value)
		if err != nil {
			return ui.Misuse("limit %q: want a number", value)
		}
		edit = func(a *mirrors.Alias) { a.Limit = limit }
	default:
		return ui.Misuse("%q is not one of host, port, user, pass, root, tls, limit", c.Key)
	}
	return a.with(func(s *mirrors.Store) error {
		if err := s.ChangeAlias(a, p, password, edit); err != nil {
			return err
		}
		return a.told(s, p, key != "root" && key != "limit", fmt.Sprintf("changed %s of %s", key, p))
	})
}

type tunnel struct {
	aliasArg

	Switch string `arg:"" name:"on|off" help:"on: all transfers are relayed. off: clients are connected with the server where they can be."`
}

func (tunnel) Help() string { return examples("ftpd mirror tunnel /remote_site_3 on") }

// Run switches it.
func (c *tunnel) Run(a *App) error {
	p, err := a.path(c.Alias)
	if err != nil {
		return err
	}
	on := strings.EqualFold(c.Switch, "on")
	if !on && !strings.EqualFold(c.Switch, "off") {
		return ui.Misuse("%q is not on or off", c.Switch)
	}
	return a.with(func(s *mirrors.Store) error {
		if err := s.ChangeAlias(a, p, nil, func(a *mirrors.Alias) { a.Tunnel = on }); err != nil {
			return err
		}
		text := fmt.Sprintf("%s: transfers are relayed where client and server cannot be connected", p)
		if on {
			text = fmt.Sprintf("%s: all transfers are relayed", p)
		}
		return a.told(s, p, false, text)
	})
}

// A described alias is what is shown of one. The password is not.
type described struct {
	Path      mirror.Path       `json:"path"`
	Host      string            `json:"host"`
	Port      uint16            `json:"port"`
	User      string            `json:"user"`
	Root      mirror.Path       `json:"root"`
	TLS       ftpconn.TLSMode   `json:"tls"`
	Limit     int               `json:"limit"`
	Tunnel    bool              `json:"tunnel"`
	Abilities foreign.Abilities `json:"abilities"`
	States    []state           `json:"states,omitempty"` // where it is shown alone
	Error     string            `json:"error,omitempty"`  // why the password cannot be used here
}

func describe(a *mirrors.Alias) described {
	d := described{
		Path: a.Path, Host: a.Host, Port: a.Port, User: a.User, Root: a.Root, TLS: a.TLS,
		Limit: limit(a), Tunnel: a.Tunnel, Abilities: a.Abilities,
	}
	if _, err := a.Server(); err != nil {
		d.Error = err.Error()
	}
	return d
}

// limit is how many connections there may be.
func limit(a *mirrors.Alias) int {
	if a.Limit > 0 {
		return a.Limit
	}
	return foreign.DefaultLimit
}

type listAliases struct{}

func (listAliases) Help() string {
	return examples("ftpd mirror aliases", "ftpd mirror aliases --json")
}

// Run lists the aliases.
func (listAliases) Run(a *App) error {
	return a.with(func(s *mirrors.Store) error {
		all := []described{}
		aliases := s.View().Aliases()
		for _, one := range aliases {
			all = append(all, describe(one))
		}
		if a.Flags.JSON {
			return a.JSON(all)
		}
		rows := make([][]any, len(all))
		for i, d := range all {
			rows[i] = []any{ui.Printable(string(d.Path)), aliases[i].Address(), ui.Printable(d.User), ui.Printable(string(d.Root)), string(d.TLS), ui.Number(d.Limit), onOff(d.Tunnel), ui.Rest(ui.Printable(d.Error))}
		}
		return a.Table([]string{"alias", "server", "user", "root", "tls", "limit", "tunnel", "error"}, rows)
	})
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

type showAlias struct{ aliasArg }

func (showAlias) Help() string { return examples("ftpd mirror alias /remote_site_3") }

// Run shows all that is known of an alias.
func (c *showAlias) Run(a *App) error {
	p, err := a.path(c.Alias)
	if err != nil {
		return err
	}
	return a.with(func(s *mirrors.Store) error {
		to, err := alias(s, p)
		if err != nil {
			return err
		}
		reports, err := a.Ask(s)
		if err != nil {
			return err
		}
		d := describe(to)
		d.States = statesOf(reports)[p]
		if a.Flags.JSON {
			return a.JSON(d)
		}
		pairs := [][2]any{
			{"alias", ui.Printable(string(d.Path))}, {"server", to.Address()}, {"user", ui.Printable(d.User)},
			{"root", ui.Printable(string(d.Root))}, {"tls", string(d.TLS)}, {"limit", ui.Number(d.Limit)}, {"tunnel", onOff(d.Tunnel)},
		}
		for _, one := range abilitiesOf(&d.Abilities) {
			pairs = append(pairs, [2]any{"allows " + one.word, one.verdict.String()})
		}
		if n := d.Abilities.Connections; n > 0 {
			pairs = append(pairs, [2]any{"allows connections", ui.Number(n)})
		}
		if at := d.Abilities.Probed; !at.IsZero() {
			pairs = append(pairs, [2]any{"tried out", at.UTC().Format("2006-01-02 15:04:05")})
		}
		pairs = append(pairs, [2]any{"state", ui.Printable(rest(d.States))})
		if d.Error != "" {
			pairs = append(pairs, [2]any{"error", ui.Printable(d.Error)})
		}
		return a.Facts(pairs)
	})
}
