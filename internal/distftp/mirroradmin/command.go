package mirroradmin

// Command is "ftpd mirror".
type Command struct {
	Addalias addAlias    `cmd:"" help:"Make a path that leads to another server."`
	Change   changeAlias `cmd:"" help:"Change where an alias leads."`
	commands
	Dirmirror dirMirror `cmd:"" help:"Have the files of a directory sent by mirrors, or show by whom they are."`
}

// commands are those that know no passwords.
type commands struct {
	Alias       showAlias       `cmd:"" help:"Show an alias, and what its server allows."`
	Aliases     listAliases     `cmd:"" help:"List the aliases."`
	Tunnel      tunnel          `cmd:"" help:"Relay all transfers with a server, or only those that must be."`
	Delalias    delAlias        `cmd:"" help:"Remove an alias."`
	Addmirror   addMember       `cmd:"" help:"Add a site to a mirror entry, or give it another weight."`
	Defmirror   setDefault      `cmd:"" help:"Make a site the default of its mirror entry."`
	Delmirror   delMember       `cmd:"" help:"Remove a site from a mirror entry."`
	Mirrors     listMirrors     `cmd:"" help:"Show mirror entries, bound directories, and what is wrong."`
	Connections listConnections `cmd:"" help:"Show the connections to other servers."`
	Disconnect  disconnect      `cmd:"" help:"Close the connections to a server."`
}
