// Package distftp is our FTP server. It serves one folder, to anonymous clients for
// reading and to others for what their accounts allow; a master's catalogue takes the place
// of the folder, and foreign servers lie over either, without changing what stands here.
//
//	client ══ control connection ══ control ──── names ────> control.FS       (localfs)
//	   ║                               │  └──── bytes ────> control.Planner   (data.Disk)
//	   ║                               │                         │
//	   ║                               └─ data.Plan, executed ───┘
//	   ╚════════ data connection ═════════════════╝
//
// The parts, each a package below this one:
//
//   - control: a session on a control connection, from commands to replies. It
//     declares what it needs: FS, where names come from, and Planner, which decides
//     where bytes come from; Writer and Storer, if they can also be changed; and
//     Access, which decides who may do what.
//   - data: data connections, who may take part in them, and the plan of a transfer:
//     who holds the bytes, where client and holder meet, and why. A plan is made
//     first and executed then, so that a later holder on another machine can meet the
//     client directly.
//   - vfs: what a name is: the vocabulary that the others share.
//   - list: how entries look in LIST, NLST, MLSD and MLST.
//   - localfs: a folder of the local disk as FS, and as opener and creator of files,
//     through [os.Root], so that neither ".." nor a link leads out of it. An upload
//     appears under its name whole, and stays there, or not at all.
//   - account and admin: users and groups in a database, what their rules permit, and
//     the commands that change them. [Users] lets them in.
//   - remote: an FS and Planner over any other, which shows the trees of foreign servers
//     and divides downloads among mirrors; foreign has the connections to them, mirrors
//     what the database says of them, mirroradmin the commands that change it, and auto
//     what the tracker knows.
//   - master: a Planner whose holders are slaves. catalogue is its FS, with names and copies
//     in a database, choice says which slave a transfer is with, and copies sees to it that
//     there are enough copies; overview shows all that, and operator has the commands.
//   - slave: the holder on another machine, with its files in a storage. link joins it to
//     masters, by certificates of an authority that prove an identity; mux carries many
//     requests over one link, and wire is what these say.
//   - guard: TLS sessions of clients, by which a data connection is known to be theirs.
//   - xferlog and metrics: observers of sessions ([control.Observer]), which record
//     transfers and count. The program's log is one, too.
//   - doctor: what a client finds at a server, and what can be done about it.
//   - matrix, abroad, siege and outage: tests, with the clients and servers of others, with
//     attackers, and with what is killed.
//
// This package is the door: it accepts connections, puts other configurations in force
// while sessions go on by theirs, and when it is told to stop ends them all, joined, those
// with transfers when these are done. What mirrortracker/internal/distftp/config says of it
// is the program's affair.
//
// RFCs: 959, 1123 (4.1), 2389 (FEAT, OPTS), 2428 (EPRT, EPSV), 2577 (no bounces), 2640
// (UTF8: names are bytes, never converted), 3659 (SIZE, MDTM, REST STREAM, MLST, TVFS),
// 4217 (TLS; CCC is refused), 7151 (HOST).
package distftp
