// Package ftpconn is an FTP control connection to servers that are not trusted: it is
// dialled and logged in through github.com/jlaffaye/ftp, and then speaks for itself,
// because that library's List drops lines that it does not understand, and the library
// sets no deadlines.
//
// Everything that comes from the server is bounded: every read and write has a
// deadline; the login, replies and listings have a maximum length. The end of a
// context closes the connections, which ends at once whatever waits for them.
//
// There are four ways to speak, of which any may follow another:
//
//   - one command and its reply ([Conn.Cmd]);
//   - many commands in flight, whose replies come in the same order ([Conn.Send],
//     [Conn.Receive]), so that distance costs little: STAT answers with a listing;
//   - transfers ([Conn.Open], [Conn.OpenAt], [Conn.Fetch]);
//   - transfers whose data connection somebody else has with the server, or looks after
//     for us ([Conn.Port] or [Conn.Listen], then [Conn.Begin]).
//
// Our own data connections are passive: EPSV, or PASV where a server has refused EPSV.
// They always go to the host of the control connection, whatever the reply to
// PASV names. Data is read to its end, then the connection is closed, and only
// then is the reply read that says whether it was all: some servers wait for
// that.
//
// A reply that cannot belong to the command before it, or that no command was
// before, means that client and server are out of step, and nothing after it can be
// believed: it ends the connection ([OutOfStepError]). So does a refusal of PASV.
// Any other 4yz or 5yz is a [ReplyError].
//
// Commands are bytes. Those that would hold a CR, LF or NUL are refused before
// they are sent.
package ftpconn
