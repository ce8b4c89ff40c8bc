package control

import (
	"maps"
	"slices"
	"strings"
)

// A command is what the engine knows about a verb.
type command struct {
	run    func(*session, string)
	syntax string // of the argument, for HELP
	needs  bool   // an argument
	open   bool   // to clients that have not logged in
}

// unimplemented are the other verbs that RFCs, drafts and wide use have given a
// meaning. They get 502 rather than 500, so that a client can tell a missing feature
// from a mistake (RFC 959, 5.4; RFC 5797).
const unimplemented = "ACCT SMNT ADAT MIC CONF ENC LANG " +
	"LPRT LPSV CLNT CSID RANG RMDA MFCT MFF THMB COMB DSIZ " +
	"MD5 XSHA XSHA512 MAIL MSND MSOM MSAM MRSQ MRCP ESTP ESTA"

// commandTable makes the table of all commands.
func commandTable() map[string]command {
	table := map[string]command{
		"USER": {run: (*session).userName, syntax: "name", needs: true, open: true},
		"PASS": {run: (*session).password, syntax: "password", open: true},
		"HOST": {run: (*session).virtualHost, syntax: "name", needs: true, open: true},
		"REIN": {run: (*session).restartSession, open: true},
		"QUIT": {run: (*session).quit, open: true},
		"HELP": {run: (*session).help, syntax: "[command]", open: true},
		"FEAT": {run: (*session).features, open: true},
		"OPTS": {run: (*session).options, syntax: "UTF8 ON | MLST [fact;]... | HASH [algorithm]", needs: true, open: true},
		"SYST": {run: (*session).system, open: true},
		"NOOP": {run: (*session).noop, open: true},
		"STAT": {run: (*session).stat, syntax: "[path]", open: true},

		"AUTH": {run: (*session).authenticate, syntax: "TLS", needs: true, open: true},
		"PBSZ": {run: (*session).bufferSize, syntax: "0", needs: true, open: true},
		"PROT": {run: (*session).protection, syntax: "C | P", needs: true, open: true},
		"CCC":  {run: (*session).clearCommands, open: true},
		"SSCN": {run: (*session).securedClient, syntax: "[ON | OFF]"},
		"CPSV": {run: (*session).clientPassive},

		"TYPE": {run: (*session).setType, syntax: "A | I | L 8", needs: true},
		"MODE": {run: (*session).setMode, syntax: "S", needs: true},
		"STRU": {run: (*session).setStructure, syntax: "F", needs: true},

		"PWD":  {run: (*session).printDirectory},
		"CWD":  {run: (*session).changeDirectory, syntax: "path", needs: true},
		"CDUP": {run: (*session).changeUp},
		"SIZE": {run: (*session).size, syntax: "path", needs: true},
		"MDTM": {run: (*session).modified, syntax: "path", needs: true},
		"MLST": {run: (*session).machineStat, syntax: "[path]"},

		"PRET": {run: (*session).preTransfer, syntax: "command [path]", needs: true},
		"CEPR": {run: (*session).customExtended, syntax: "ON | OFF", needs: true, open: true},
		"AVBL": {run: (*session).available, syntax: "[path]"},
		"HASH": {run: (*session).hash, syntax: "path", needs: true},

		"PASV": {run: (*session).passive},
		"EPSV": {run: (*session).extendedPassive, syntax: "[1 | 2 | ALL]"},
		"PORT": {run: (*session).port, syntax: "h1,h2,h3,h4,p1,p2", needs: true},
		"EPRT": {run: (*session).extendedPort, syntax: "|protocol|address|port|", needs: true},
		"LIST": {run: (*session).listLong, syntax: "[-a] [path]"},
		"NLST": {run: (*session).listNames, syntax: "[-a] [path]"},
		"MLSD": {run: (*session).listFacts, syntax: "[path]"},
		"REST": {run: (*session).restart, syntax: "offset", needs: true},
		"RETR": {run: (*session).retrieve, syntax: "path", needs: true},
		"ABOR": {run: (*session).abort},

		"STOR": {run: (*session).store, syntax: "path", needs: true},
		"APPE": {run: (*session).appendTo, syntax: "path", needs: true},
		"STOU": {run: (*session).storeUnique, syntax: "[path]"},
		"ALLO": {run: (*session).allocate, syntax: "size [R size]", needs: true},
		"DELE": {run: (*session).remove, syntax: "path", needs: true},
		"RMD":  {run: (*session).removeDirectory, syntax: "path", needs: true},
		"MKD":  {run: (*session).makeDirectory, syntax: "path", needs: true},
		"RNFR": {run: (*session).renameFrom, syntax: "path", needs: true},
		"RNTO": {run: (*session).renameTo, syntax: "path", needs: true},
		"MFMT": {run: (*session).setModified, syntax: "YYYYMMDDhhmmss path", needs: true},
		"SITE": {run: (*session).site, syntax: "command", needs: true},
	}
	for verb, algorithm := range map[string]string{"XCRC": "CRC32", "XMD5": "MD5", "XSHA1": "SHA-1", "XSHA256": "SHA-256"} {
		table[verb] = command{run: checksumCommand(verb, algorithm), syntax: `path | "path" [begin [end]]`, needs: true}
	}
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
		s.out.reply(214, strings.TrimSpace("Syntax: "+verb+" "+cmd.syntax))
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
