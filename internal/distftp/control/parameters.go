package control

import (
	"maps"
	"slices"
	"strings"

	"mirrortracker/internal/distftp/list"
)

// setType answers TYPE (RFC 959, 3.1.1). EBCDIC and carriage control are refused.
func (s *session) setType(arg string) {
	switch words := strings.Join(strings.Fields(strings.ToUpper(arg)), " "); words {
	case "A", "A N":
		s.text = true
	case "I", "L 8", "L8":
		s.text = false
	default:
		s.refuseParameter("TYPE", words, "AEIL", "Only the types A, I and L 8 are supported")
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
	if word := strings.ToUpper(strings.TrimSpace(arg)); word != "S" {
		s.refuseParameter("MODE", word, "BCZ", "Only mode S is supported")
		return
	}
	s.out.reply(200, "Mode is stream")
}

// setStructure answers STRU: files without records.
func (s *session) setStructure(arg string) {
	if word := strings.ToUpper(strings.TrimSpace(arg)); word != "F" {
		s.refuseParameter("STRU", word, "RP", "Only structure F is supported")
		return
	}
	s.out.reply(200, "Structure is file")
}

// refuseParameter answers a parameter that is not supported: with 504 where it has a
// meaning, which one of the known letters at its beginning gives it, and with 501 where it
// has none (RFC 959, 4.2.1).
func (s *session) refuseParameter(verb, word, known, text string) {
	if word == "" || !strings.Contains(known, word[:1]) {
		s.out.reply(501, verb+" needs an argument: "+s.commands[verb].syntax)
		return
	}
	s.out.reply(504, text)
}

// system answers SYST; clients conclude from it how paths and LIST look.
func (s *session) system(string) {
	s.signs |= askedSyst
	s.out.reply(215, "UNIX Type: L8")
}

// features answers FEAT (RFC 2389, 3). The names are those registered by RFC 5797. LANG is
// not among them: lftp would conclude that all names are UTF-8, whatever its user says.
func (s *session) features(string) {
	s.signs |= askedFeat
	features := []string{
		"CEPR",
		"CLNT",
		"CSID",
		"HOST",
		"MD5",
		"MFF modify;UNIX.mode;",
		"AVBL",
		s.hashFeature(),
		"PRET",
		"EPRT",
		"EPSV",
		"MDTM",
		"MFMT",
		"MLST " + s.facts.Feature(),
		"RANG STREAM",
		"REST STREAM",
		"SITE CHMOD",
		"SITE COPY",
		"SITE MKDIR",
		"SITE SYMLINK",
		"SITE UTIME",
		"SIZE",
		"TVFS",
		"UTF8",
	}
	if s.tls != nil {
		features = append(features, "AUTH TLS", "CPSV", "PBSZ", "PROT", "SSCN")
	}
	features = slices.AppendSeq(features, maps.Keys(checksums))
	slices.Sort(features)
	s.out.block(211, "Features", features, "End")
}

// options answers OPTS (RFC 2389, 4). UTF8 makes no difference: names are bytes and are
// never converted.
func (s *session) options(arg string) {
	s.signs |= toldMore
	name, value, _ := strings.Cut(strings.TrimSpace(arg), " ")
	switch strings.ToUpper(name) {
	case "UTF8", "UTF-8":
		switch strings.ToUpper(strings.TrimSpace(value)) {
		case "", "ON", "NLST":
			s.out.reply(200, "UTF8 is on")
		case "OFF":
			s.out.reply(200, "Names are sent as they are, in whatever encoding")
		default:
			s.out.reply(501, "OPTS UTF8 takes ON or OFF")
		}
	case "MLST":
		s.facts = list.ParseFacts(value)
		s.out.reply(200, strings.TrimSpace("MLST OPTS "+s.facts.String()))
	case "HASH":
		s.chooseAlgorithm(strings.TrimSpace(value))
	default:
		s.out.reply(501, "No options for this command")
	}
}
