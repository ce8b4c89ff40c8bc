package testbed

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
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
}

func vsftpdCommand(s *FTP) ([]string, error) {
	empty := filepath.Join(s.dir, "empty")
	if err := os.MkdirAll(empty, 0o755); err != nil {
		return nil, err
	}
	conf, err := s.file("vsftpd.conf", options{
		{"listen", "YES"},
		{"listen_address", "127.0.0.1"},
		{"listen_port", fmt.Sprint(s.port())},
		{"background", "NO"},
		{"anonymous_enable", "YES"},
		{"local_enable", "NO"},
		{"no_anon_password", "YES"},
		{"anon_root", s.cfg.Root},
		{"nopriv_user", "nobody"},
		{"secure_chroot_dir", empty},
		{"max_per_ip", "0"},
		{"xferlog_enable", "NO"},
		{"use_localtime", yes(s.cfg.LocalTimes)},
		{"ls_recurse_enable", yes(s.cfg.Recurse)},
		{"force_dot_files", yes(s.cfg.ShowHidden)},
	}.join("="))
	if err != nil {
		return nil, err
	}
	return s.withFTPUser(s.path, conf)
}

func proftpdCommand(s *FTP) ([]string, error) {
	list := `""`
	if s.cfg.ShowHidden {
		list = `"-a"`
	}
	if s.cfg.MaxEntries > 0 {
		list += fmt.Sprintf(" maxfiles %d", s.cfg.MaxEntries)
	}
	server := options{
		{"ServerType", "standalone"},
		{"ServerName", "testbed"},
		{"Port", fmt.Sprint(s.port())},
		{"DefaultAddress", "127.0.0.1"},
		{"SocketBindTight", "on"},
		{"UseIPv6", "off"},
		{"UseReverseDNS", "off"},
		{"User", "nobody"},
		{"Group", "nogroup"},
		{"PidFile", filepath.Join(s.dir, "pid")},
		{"ScoreboardFile", "none"},
		{"DelayEngine", "off"},
		{"WtmpLog", "off"},
		{"TransferLog", "none"},
		{"SystemLog", filepath.Join(s.dir, "log")},
		{"AuthOrder", "mod_auth_unix.c"},
		{"TimesGMT", onOff(!s.cfg.LocalTimes)},
	}.join(" ")
	anonymous := options{
		{"User", "nobody"},
		{"Group", "nogroup"},
		{"UserAlias", "anonymous nobody"},
		{"UserAlias", "ftp nobody"},
		{"RequireValidShell", "off"},
		{"ListOptions", list},
	}.join(" ")
	conf, err := s.file("proftpd.conf", fmt.Sprintf(
		"%s<Anonymous %q>\n%s<Limit WRITE>\nDenyAll\n</Limit>\n</Anonymous>\n", server, s.cfg.Root, anonymous))
	if err != nil {
		return nil, err
	}
	return []string{s.path, "--nodaemon", "--quiet", "--config", conf}, nil
}

func pureFTPdCommand(s *FTP) ([]string, error) {
	entries := s.cfg.MaxEntries
	if entries == 0 {
		entries = 1_000_000
	}
	args := []string{s.path,
		"-S", fmt.Sprintf("127.0.0.1,%d", s.port()),
		"-g", filepath.Join(s.dir, "pid"),
		"-e", "-i", // only anonymous users, and they may not upload
		"-H",        // no reverse look-ups
		"-c", "200", // clients
		"-f", "none", // no syslog
		"-L", fmt.Sprintf("%d:100", entries), // entries and depth of a listing
		"-z", // anonymous users may enter directories whose name begins with a dot
	}
	if s.cfg.ShowHidden {
		args = append(args, "-D")
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
	return []string{s.path, "-B", script, s.cfg.Root, fmt.Sprint(s.port()), times, fmt.Sprint(nobodyID)}, nil
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
