package world

import "strconv"

// words are what projects and packages are named after.
var words = []string{
	"apt", "bash", "binutils", "boost", "bzip2", "cairo", "clang", "cmake", "coreutils", "cups", "curl", "cython", "dbus", "django",
	"docutils", "dovecot", "eigen", "emacs", "expat", "ffmpeg", "fftw", "firefox", "flask", "fontconfig", "freetype", "gcc", "gdal",
	"gdb", "ghostscript", "gimp", "git", "glib", "gnupg", "gnutls", "golang", "graphviz", "grub", "gtk", "harfbuzz", "hdf5",
	"httpd", "icu", "imagemagick", "inkscape", "iproute", "jansson", "jemalloc", "jinja", "json", "kernel", "krb5", "kubernetes",
	"lapack", "latex", "ldap", "llvm", "lua", "lvm", "lxml", "mariadb", "maven", "mesa", "mono", "mutt", "mysql", "nano", "netcdf",
	"nginx", "nmap", "node", "numpy", "ocaml", "octave", "opencv", "openssh", "openssl", "pango", "pandas", "perl", "php", "pixman",
	"poppler", "postfix", "postgresql", "protobuf", "pulseaudio", "python", "qemu", "qt", "readline", "redis", "rsync", "ruby",
	"rust", "samba", "scipy", "sed", "sphinx", "sqlite", "squid", "strace", "subversion", "sudo", "systemd", "tar", "tcl", "tex",
	"tiff", "tk", "tmux", "unbound", "unzip", "valgrind", "vim", "virtuoso", "vlc", "wayland", "webkit", "wget", "wine", "wireshark",
	"xapian", "xerces", "xorg", "xz", "yaml", "zabbix", "zeromq", "zlib", "zsh", "zstd",
}

// families stand before the names of packages, and the empty one most often.
var families = []string{"", "", "", "", "lib", "lib", "python-", "golang-github-", "node-", "ruby-", "r-cran-", "haskell-", "fonts-", "rust-"}

// packageName returns the name of the package with a number; no two are equal.
func packageName(r *random, number int) string {
	name := pick(r, families) + pick(r, words)
	if !r.one(3) {
		name += "-" + pick(r, words)
	}
	return name + "-" + strconv.FormatInt(int64(number), 36)
}

// shelf is where a package stands in a pool: its first letter, or four of a library.
func shelf(name string) string {
	if len(name) > 3 && name[:3] == "lib" {
		return name[:4]
	}
	return name[:1]
}

// folders are what directories of projects are called.
var folders = []string{
	"releases", "src", "docs", "x86_64", "aarch64", "noarch", "updates", "testing", "stable", "archive", "old", "patches", "tools",
	"contrib", "binaries", "source", "i386", "images", "snapshots", "people", "2019", "2020", "2021", "2022", "2023", "2024", "v1", "v2",
	"repodata", "debug", "os", "extras", "modules", "plugins", "themes", "doc", "en", "de", "fr", "ja",
}

// endings are those of a project's files.
var endings = []string{".tar.gz", ".tar.xz", ".tar.bz2", ".x86_64.rpm", ".noarch.rpm", ".zip", ".iso", ".jar", ".exe", ".pdf"}
