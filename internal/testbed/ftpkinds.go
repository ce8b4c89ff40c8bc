package testbed

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// nobodyID is the user and group that the servers' sessions run as (nobody and
// nogroup on Debian): tests run as root, who may read everything, and a directory
// with mode 0000 shall be unreadable to a server.
const nobodyID = 65534

// commands gives, for each kind, the command that runs it in the foreground. Its
// configuration is written on the way. README.md says what each option is for.
var commands = map[string]func(*FTP) ([]string, error){
	"vsftpd":    vsftpdCommand,
	"proftpd":   proftpdCommand,
	"pure-ftpd": pureFTPdCommand,
	"pyftpdlib": pyftpdlibCommand,
	"ftpd":      ftpdCommand,
}

func vsftpdCommand(s *FTP) ([]string, error) {
	empty := filepath.Join(s.dir, "empty")
	if err := os.MkdirAll(empty, 0o755); err != nil {
		return nil, err
	}
	listen := options{{"listen", "YES"}, {"listen_address", s.cfg.host()}}
	if s.cfg.IPv6 {
		listen = options{{"listen_ipv6", "YES"}, {"listen_address6", s.cfg.host()}}
	}
	secure, err := s.vsftpdTLS()
	if err != nil {
		return nil, err
	}
	conf, err := s.file("vsftpd.conf", listen.join("=")+secure.join("=")+options{
		{"listen_port", fmt.Sprint(s.port())},
		{"background", "NO"},
		{"anonymous_enable", "YES"},
		{"local_enable", yes(s.cfg.Account)},
		{"chroot_local_user", "YES"},
		{"allow_writeable_chroot", "YES"},
		{"write_enable", yes(s.cfg.Writable)},
		{"port_promiscuous", yes(s.cfg.Foreign)},
		{"pasv_promiscuous", yes(s.cfg.Foreign)},
		{"no_anon_password", "YES"},
		{"anon_root", s.cfg.Root},
		{"nopriv_user", "nobody"},
		{"secure_chroot_dir", empty},
		{"isolate_network", "NO"}, // a network of its own costs each session some 20 ms
		{"max_per_ip", fmt.Sprint(s.cfg.MaxClients)},
		{"xferlog_enable", yes(s.cfg.Commands)},
		{"log_ftp_protocol", yes(s.cfg.Commands)},
		{"vsftpd_log_file", s.commandFile()},
		{"use_localtime", yes(s.cfg.LocalTimes)},
		{"ls_recurse_enable", yes(s.cfg.Recurse)},
		{"force_dot_files", yes(s.cfg.ShowHidden)},
	}.join("="))
	if err != nil {
		return nil, err
	}
	return s.withFTPUser(s.path, conf)
}

func (s *FTP) vsftpdTLS() (options, error) {
	if !s.cfg.secure() {
		return nil, nil
	}
	certificate, err := s.certificate()
	return options{
		{"ssl_enable", "YES"},
		{"implicit_ssl", yes(s.cfg.TLS == "implicit")},
		{"rsa_cert_file", certificate},
		{"rsa_private_key_file", certificate},
		{"allow_anon_ssl", "YES"},
		{"force_anon_logins_ssl", "YES"},
		{"force_anon_data_ssl", "YES"},
		{"require_ssl_reuse", yes(s.cfg.RequireReuse)},
		{"ssl_ciphers", "HIGH"},
	}, err
}

func proftpdCommand(s *FTP) ([]string, error) {
	list := `""`
	if s.cfg.ShowHidden {
		list = `"-a"`
	}
	if s.cfg.MaxEntries > 0 {
		list += fmt.Sprintf(" maxfiles %d", s.cfg.MaxEntries)
	}
	scoreboard := "none"
	if s.cfg.MaxClients > 0 {
		scoreboard = filepath.Join(s.dir, "scoreboard") // where it counts them
	}
	server := options{
		{"ServerType", "standalone"},
		{"ServerName", "testbed"},
		{"Port", fmt.Sprint(s.port())},
		{"DefaultAddress", s.cfg.host()},
		{"SocketBindTight", "on"},
		{"UseIPv6", onOff(s.cfg.IPv6)},
		{"UseReverseDNS", "off"},
		{"User", "nobody"},
		{"Group", "nogroup"},
		{"PidFile", filepath.Join(s.dir, "pid")},
		{"ScoreboardFile", scoreboard},
		{"DelayEngine", "off"},
		{"WtmpLog", "off"},
		{"TransferLog", "none"},
		{"SystemLog", filepath.Join(s.dir, "log")},
		{"AuthOrder", "mod_auth_file.c mod_auth_unix.c"},
		{"DefaultRoot", "~"},
		{"TimesGMT", onOff(!s.cfg.LocalTimes)},
		{"AllowOverwrite", onOff(s.cfg.Writable)},
		{"AllowStoreRestart", onOff(s.cfg.Writable)},
	}
	if s.cfg.Account {
		accounts, err := s.secret("accounts", s.account())
		if err != nil {
			return nil, err
		}
		server = append(server, [2]string{"AuthUserFile", accounts})
	}
	if s.cfg.MaxClients > 0 {
		server = append(server, [2]string{"MaxClientsPerHost", fmt.Sprint(s.cfg.MaxClients)})
	}
	if s.cfg.Foreign {
		server = append(server, [2]string{"AllowForeignAddress", "on"})
	}
	if s.cfg.Commands {
		server = append(server, [2]string{"LogFormat", `commands "%r"`}, [2]string{"ExtendedLog", s.commandFile() + " ALL commands"})
	}
	secure, err := s.proftpdTLS()
	if err != nil {
		return nil, err
	}
	anonymous := options{
		{"User", "nobody"},
		{"Group", "nogroup"},
		{"UserAlias", "anonymous nobody"},
		{"UserAlias", "ftp nobody"},
		{"RequireValidShell", "off"},
		{"ListOptions", list},
	}.join(" ")
	conf, err := s.file("proftpd.conf", fmt.Sprintf(
		"%s%s<Anonymous %q>\n%s<Limit WRITE>\nDenyAll\n</Limit>\n</Anonymous>\n",
		secure.join(" "), server.join(" "), s.cfg.Root, anonymous))
	if err != nil {
		return nil, err
	}
	return []string{s.path, "--nodaemon", "--quiet", "--config", conf}, nil
}

func (s *FTP) proftpdTLS() (options, error) {
	if !s.cfg.secure() {
		return nil, nil
	}
	certificate, err := s.certificate()
	if err != nil {
		return nil, err
	}
	module, err := find("proftpd-tls")
	if err != nil {
		return nil, err
	}
	var details []string
	if s.cfg.TLS == "implicit" {
		details = append(details, "UseImplicitSSL")
	}
	if !s.cfg.RequireReuse {
		details = append(details, "NoSessionReuseRequired")
	}
	secure := options{
		{"ModulePath", filepath.Dir(module)},
		{"LoadModule", "mod_tls.c"},
		{"TLSEngine", "on"},
		{"TLSRequired", "on"},
		{"TLSLog", filepath.Join(s.dir, "log")},
		{"TLSECCertificateFile", certificate},
		{"TLSECCertificateKeyFile", certificate},
	}
	if details != nil {
		secure = append(secure, [2]string{"TLSOptions", strings.Join(details, " ")})
	}
	return secure, nil
}

func pureFTPdCommand(s *FTP) ([]string, error) {
	entries := s.cfg.MaxEntries
	if entries == 0 {
		entries = 1_000_000
	}
	args := []string{s.path,
		"-S", fmt.Sprintf("%s,%d", s.cfg.host(), s.port()),
		"-g", filepath.Join(s.dir, "pid"),
		"-i",        // anonymous users may not upload
		"-H",        // no reverse look-ups
		"-c", "200", // clients
		"-f", "none", // no syslog
		"-L", fmt.Sprintf("%d:100", entries), // entries and depth of a listing
		"-z", // anonymous users may enter directories whose name begins with a dot
	}
	if s.cfg.ShowHidden {
		args = append(args, "-D")
	}
	if s.cfg.Account {
		args = append(args, "-l", "unix", "-A") // who sees no more than the home
	} else {
		args = append(args, "-e") // only anonymous users
	}
	if s.cfg.MaxClients > 0 {
		args = append(args, "-C", fmt.Sprint(s.cfg.MaxClients))
	}
	if s.cfg.Foreign {
		args = append(args, "-W") // for all; -w is for the account
	}
	if s.cfg.secure() {
		if s.cfg.TLS == "implicit" {
			return nil, errors.New("pure-ftpd has no implicit TLS")
		}
		certificate, err := s.certificate()
		if err != nil {
			return nil, err
		}
		args = append(args, "-Y", "3", "-2", certificate) // for control and data
	}
	return s.withFTPUser(args...)
}

//go:embed pyftpd.py
var pyftpdScript string

func pyftpdlibCommand(s *FTP) ([]string, error) {
	script, err := s.file("pyftpd.py", pyftpdScript)
	if err != nil {
		return nil, err
	}
	times := "gmt"
	if s.cfg.LocalTimes {
		times = "local"
	}
	args := []string{s.path, "-B", script, s.cfg.Root, fmt.Sprint(s.port()), times, fmt.Sprint(nobodyID),
		"--host", s.cfg.host(), "--max-clients", fmt.Sprint(s.cfg.MaxClients)}
	if s.cfg.Account {
		args = append(args, "--account", AccountUser, AccountPassword, s.cfg.private())
	}
	if s.cfg.secure() {
		if s.cfg.TLS == "implicit" {
			return nil, errors.New("pyftpdlib has no implicit TLS")
		}
		certificate, err := s.certificate()
		if err != nil {
			return nil, err
		}
		args = append(args, "--certificate", certificate)
	}
	return args, nil
}

// ftpdCommand runs our own server. Its users see the tree that anonymous users see.
func ftpdCommand(s *FTP) ([]string, error) {
	if s.cfg.private() != s.cfg.Root {
		return nil, errors.New("ftpd serves one folder to all")
	}
	address := strconv.Quote(s.Addr)
	conf := options{
		{"directory", strconv.Quote(s.cfg.Root)},
		{"users", fmt.Sprint(s.cfg.Account)},
		{"stop_timeout", `"0s"`},
		{"limits.per_address", fmt.Sprint(s.cfg.MaxClients)},
	}
	if s.cfg.TLS == "implicit" {
		conf = append(conf, [2]string{"listen", `""`}, [2]string{"tls_listen", address})
	} else {
		conf = append(conf, [2]string{"listen", address})
	}
	if s.cfg.secure() {
		certificate, err := s.certificate()
		if err != nil {
			return nil, err
		}
		if err := os.Chown(certificate, nobodyID, nobodyID); err != nil {
			return nil, err
		}
		conf = append(conf, options{
			{"tls.certificate", strconv.Quote(certificate)},
			{"tls.key", strconv.Quote(certificate)},
			{"tls.require", `"data"`},
			{"tls.require_reuse", fmt.Sprint(s.cfg.RequireReuse)},
		}...)
	}
	users := filepath.Join(s.dir, "users")
	if err := errors.Join(os.MkdirAll(users, 0o755), os.Chown(users, nobodyID, nobodyID)); err != nil {
		return nil, err
	}
	conf = append(conf, [2]string{"database", strconv.Quote("sqlite:" + filepath.Join(users, "ftpd.db"))})
	file, err := s.file("ftpd.toml", conf.join(" = "))
	if err != nil {
		return nil, err
	}
	nobody := []string{"setpriv", "--reuid", fmt.Sprint(nobodyID), "--regid", fmt.Sprint(nobodyID), "--clear-groups", "--", s.path}
	if s.cfg.Account && !s.user {
		add := exec.Command(nobody[0], append(nobody[1:], "user", "add", AccountUser, "--database", "sqlite:"+filepath.Join(users, "ftpd.db"))...)
		add.Stdin = strings.NewReader(AccountPassword + "\n")
		if out, err := add.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("ftpd user add: %w: %s", err, out)
		}
		s.user = true
	}
	return append(nobody, "serve", "--config", file), nil
}

// options are the lines of a configuration file.
type options [][2]string

func (o options) join(separator string) string {
	var b strings.Builder
	for _, line := range o {
		b.WriteString(line[0] + separator + line[1] + "\n")
	}
	return b.String()
}

func yes(b bool) string {
	if b {
		return "YES"
	}
	return "NO"
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}
