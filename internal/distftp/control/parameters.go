package control

import (
	"slices"
	"strings"

	"mirrortracker/internal/distftp/list"
)

// setType answers TYPE (RFC 959, 3.1.1). EBCDIC and carriage control are refused.
func (s *session) setType(arg string) {
	switch strings.Join(strings.Fields(strings.ToUpper(arg)), " ") {
	case "A", "A N":
		s.text = true
	case "I", "L 8", "L8":
		s.text = false
	default:
		s.out.reply(504, "Only the types A, I and L 8 are supported")
		return
	}
	s.out.reply(200, "Type is "+s.typeName())
}

func (s *session) typeName() string {
	if s.text {
		return "ASCII"
	}
	return "binary"
}

// setMode answers MODE: stream alone, as RFC 1123 asks.
func (s *session) setMode(arg string) {
	if !strings.EqualFold(strings.TrimSpace(arg), "S") {
		s.out.reply(504, "Only mode S is supported")
		return
	}
	s.out.reply(200, "Mode is stream")
}

// setStructure answers STRU: files without records.
func (s *session) setStructure(arg string) {
	if !strings.EqualFold(strings.TrimSpace(arg), "F") {
		s.out.reply(504, "Only structure F is supported")
		return
	}
	s.out.reply(200, "Structure is file")
}

// system answers SYST; clients conclude from it how paths and LIST look.
func (s *session) system(string) { s.out.reply(215, "UNIX Type: L8") }

// features answers FEAT (RFC 2389, 3). The names are those registered by RFC 5797.
func (s *session) features(string) {
	features := []string{
		"CEPR",
		"HOST",
		"AVBL",
		s.hashFeature(),
		"XCRC",
		"XMD5",
		"XSHA1",
		"XSHA256",
		"PRET",
		"EPRT",
		"EPSV",
		"MDTM",
		"MFMT",
		"MLST " + s.facts.Feature(),
		"REST STREAM",
		"SITE COPY",
		"SITE SYMLINK",
		"SITE UTIME",
		"SIZE",
		"TVFS",
		"UTF8",
	}
	if s.tls != nil {
		features = append(features, "AUTH TLS", "CPSV", "PBSZ", "PROT", "SSCN")
	}
	slices.Sort(features)
	s.out.block(211, "Features", features, "End")
}

// options answers OPTS (RFC 2389, 4). UTF8 is always on, in the sense that names are
// bytes and are never converted.
func (s *session) options(arg string) {
	name, value, _ := strings.Cut(strings.TrimSpace(arg), " ")
	switch strings.ToUpper(name) {
	case "UTF8", "UTF-8":
		if value != "" && !strings.EqualFold(value, "ON") {
			s.out.reply(501, "UTF8 cannot be switched off")
			return
		}
		s.out.reply(200, "UTF8 is on")
	case "MLST":
		s.facts = list.ParseFacts(value)
		s.out.reply(200, strings.TrimSpace("MLST OPTS "+s.facts.String()))
	case "HASH":
		s.chooseAlgorithm(strings.TrimSpace(value))
	default:
		s.out.reply(501, "No options for this command")
	}
}
