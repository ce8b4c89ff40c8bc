package control

import (
	"maps"
	"slices"
	"strings"
)

// A command is what the engine knows about a verb.
type command struct {
	run     func(*session, string)
	defined string // where; "" if nowhere but in programs
	syntax  string // of the argument, for HELP
	needs   bool   // an argument
	open    bool   // to clients that have not logged in
	moves   bool   // something over a data connection
}

// unimplemented are the other verbs that RFCs, drafts and wide use have given a
// meaning. They get 502 rather than 500, so that a client can tell a missing feature
// from a mistake (RFC 959, 5.4; RFC 5797).
const unimplemented = "SMNT ADAT MIC CONF ENC LPRT LPSV RMDA MFCT THMB COMB DSIZ ESTP ESTA " +
	"MAIL MLFL MSND MSOM MSAM MRSQ MRCP XRSQ XRCP XSEM XSEN"

// commandTable makes the table of all commands.
func commandTable() map[string]command {
	table := map[string]command{
		"USER": {defined: "RFC 959", run: (*session).userName, syntax: "name", needs: true, open: true},
		"PASS": {defined: "RFC 959", run: (*session).password, syntax: "password", open: true},
		"HOST": {defined: "RFC 7151", run: (*session).virtualHost, syntax: "name", needs: true, open: true},
		"REIN": {defined: "RFC 959", run: (*session).restartSession, open: true},
		"QUIT": {defined: "RFC 959", run: (*session).quit, open: true},
		"HELP": {defined: "RFC 959", run: (*session).help, syntax: "[command]", open: true},
		"FEAT": {defined: "RFC 2389", run: (*session).features, open: true},
		"OPTS": {defined: "RFC 2389", run: (*session).options, syntax: "UTF8 [ON | OFF] | MLST [fact;]... | HASH [algorithm]", needs: true, open: true},
		"SYST": {defined: "RFC 959", run: (*session).system, open: true},
		"ACCT": {defined: "RFC 959", run: (*session).accountName, syntax: "name", needs: true, open: true},
		"LANG": {defined: "RFC 2640", run: (*session).language, syntax: "[EN]", open: true},
		"CLNT": {run: (*session).clientName, syntax: "name", needs: true, open: true},
		"CSID": {defined: "draft-peterson-streamlined-ftp-command-extensions", run: (*session).identify, syntax: "Name=program; Version=number;", open: true},
		"NOOP": {defined: "RFC 959", run: (*session).noop, open: true},
		"STAT": {defined: "RFC 959", run: (*session).stat, syntax: "[path | pattern]", open: true},

		"AUTH": {defined: "RFC 4217", run: (*session).authenticate, syntax: "TLS", needs: true, open: true},
		"PBSZ": {defined: "RFC 4217", run: (*session).bufferSize, syntax: "0", needs: true, open: true},
		"PROT": {defined: "RFC 4217", run: (*session).protection, syntax: "C | P", needs: true, open: true},
		"CCC":  {defined: "RFC 4217", run: (*session).clearCommands, open: true},
		"SSCN": {run: (*session).securedClient, syntax: "[ON | OFF]"},
		"CPSV": {run: (*session).clientPassive},

		"TYPE": {defined: "RFC 959", run: (*session).setType, syntax: "A | I | L 8", needs: true},
		"MODE": {defined: "RFC 959", run: (*session).setMode, syntax: "S", needs: true},
		"STRU": {defined: "RFC 959", run: (*session).setStructure, syntax: "F", needs: true},

		"PWD":  {defined: "RFC 959", run: (*session).printDirectory},
		"CWD":  {defined: "RFC 959", run: (*session).changeDirectory, syntax: "path", needs: true},
		"CDUP": {defined: "RFC 959", run: (*session).changeUp},
		"SIZE": {defined: "RFC 3659", run: (*session).size, syntax: "path", needs: true},
		"MDTM": {defined: "RFC 3659", run: (*session).modified, syntax: "path | YYYYMMDDhhmmss[+minutes] path", needs: true},
		"MLST": {defined: "RFC 3659", run: (*session).machineStat, syntax: "[path]"},

		"PRET": {defined: "draft-dd-pret", run: (*session).preTransfer, syntax: "command [path]", needs: true},
		"CEPR": {run: (*session).customExtended, syntax: "ON | OFF", needs: true, open: true},
		"AVBL": {defined: "draft-peterson-streamlined-ftp-command-extensions", run: (*session).available, syntax: "[path]"},
		"HASH": {defined: "draft-ietf-ftpext2-hash", run: (*session).hash, syntax: "path", needs: true},

		"PASV": {defined: "RFC 959", run: (*session).passive},
		"EPSV": {defined: "RFC 2428", run: (*session).extendedPassive, syntax: "[1 | 2 | ALL]"},
		"PORT": {defined: "RFC 959", run: (*session).port, syntax: "h1,h2,h3,h4,p1,p2", needs: true},
		"EPRT": {defined: "RFC 2428", run: (*session).extendedPort, syntax: "|protocol|address|port|", needs: true},
		"LIST": {defined: "RFC 959", run: (*session).listLong, moves: true, syntax: "[-adRrtS] [path | pattern]"},
		"NLST": {defined: "RFC 959", run: (*session).listNames, moves: true, syntax: "[-adrtS] [path | pattern]"},
		"MLSD": {defined: "RFC 3659", run: (*session).listFacts, moves: true, syntax: "[path]"},
		"REST": {defined: "RFC 3659", run: (*session).restart, syntax: "offset", needs: true},
		"RANG": {defined: "draft-bryan-ftp-range", run: (*session).rangeOf, syntax: "first last", needs: true},
		"RETR": {defined: "RFC 959", run: (*session).retrieve, moves: true, syntax: "path", needs: true},
		"ABOR": {defined: "RFC 959", run: (*session).abort},

		"STOR": {defined: "RFC 959", run: (*session).store, moves: true, syntax: "path", needs: true},
		"APPE": {defined: "RFC 959", run: (*session).appendTo, moves: true, syntax: "path", needs: true},
		"STOU": {defined: "RFC 959", run: (*session).storeUnique, moves: true, syntax: "[path]"},
		"ALLO": {defined: "RFC 959", run: (*session).allocate, syntax: "size [R size]", needs: true},
		"DELE": {defined: "RFC 959", run: (*session).remove, syntax: "path", needs: true},
		"RMD":  {defined: "RFC 959", run: (*session).removeDirectory, syntax: "path", needs: true},
		"MKD":  {defined: "RFC 959", run: (*session).makeDirectory, syntax: "path", needs: true},
		"RNFR": {defined: "RFC 959", run: (*session).renameFrom, syntax: "path", needs: true},
		"RNTO": {defined: "RFC 959", run: (*session).renameTo, syntax: "path", needs: true},
		"MFMT": {defined: "draft-somers-ftp-mfxx", run: (*session).setModified, syntax: "YYYYMMDDhhmmss path", needs: true},
		"MFF":  {defined: "draft-somers-ftp-mfxx", run: (*session).modifyFacts, syntax: "fact=value;... path", needs: true},
		"SITE": {defined: "RFC 959", run: (*session).site, syntax: "command", needs: true},
	}
	for verb, algorithm := range checksums {
		table[verb] = command{run: checksumCommand(verb, algorithm), syntax: `path | "path" [begin [end]]`, needs: true}
	}
	table["MD5"] = command{defined: "draft-twine-ftpmd5", run: (*session).messageDigest, syntax: "path", needs: true}
	// RFC 1123, 4.1.3.1: names that old clients use.
	table["XPWD"], table["XCWD"], table["XCUP"] = table["PWD"], table["CWD"], table["CDUP"]
	table["XMKD"], table["XRMD"] = table["MKD"], table["RMD"]
	for verb := range strings.FieldsSeq(unimplemented) {
		table[verb] = command{run: (*session).refuseFeature, open: true}
	}
	return table
}

// execute answers one command line.
func (s *session) execute(line []byte) {
	verb, arg, err := parse(line)
	cmd, known := s.commands[verb]
	s.counts.Commands++
	s.commanded = Commanded{&s.client, verb, redact(verb, arg), known}
	s.Observer.Observe(&s.commanded)
	switch {
	case !known:
		s.out.reply(500, "Unknown command")
	case !s.loggedIn && !cmd.open:
		s.out.reply(530, "Please login with USER and PASS")
	case err != nil:
		s.out.reply(501, "CR, LF and NUL are not allowed in arguments")
	case cmd.needs && arg == "":
		s.out.reply(501, verb+" needs an argument: "+cmd.syntax)
	default:
		s.tried = s.tried || cmd.moves
		cmd.run(s, arg)
	}
}

// refuseFeature answers commands that have a meaning elsewhere.
func (s *session) refuseFeature(string) {
	s.out.reply(502, "Command not implemented")
}

// help answers HELP with the commands that can be used (RFC 959, 4.1.3).
func (s *session) help(arg string) {
	if verb := strings.ToUpper(strings.TrimSpace(arg)); verb != "" {
		if verb == "SITE" {
			s.siteHelp("")
			return
		}
		cmd, ok := s.commands[verb]
		if !ok {
			s.out.reply(501, "Unknown command")
			return
		}
		text := strings.TrimSpace("Syntax: " + verb + " " + cmd.syntax)
		if cmd.defined != "" {
			text += " (" + cmd.defined + ")"
		}
		s.out.reply(214, text)
		return
	}
	var verbs []string
	for _, verb := range slices.Sorted(maps.Keys(s.commands)) {
		if !slices.Contains(strings.Fields(unimplemented), verb) {
			verbs = append(verbs, verb)
		}
	}
	var lines []string
	for row := range slices.Chunk(verbs, 10) {
		lines = append(lines, strings.Join(row, " "))
	}
	s.out.block(214, "These commands are understood", lines, "End of help")
}
