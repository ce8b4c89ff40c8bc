// Package account says who may use the FTP server, for what, and how much of it: users
// and groups, what their rules permit, and their logins. It knows nothing of control
// connections, and nothing here touches the files that are served.
//
// A [User] and the groups that it is in become an [Account] at its login: all that a
// session has to know, fixed until its end. [Account.Permits] is the only place where
// it is decided what may be done.
//
// What is not said of a user is as its groups say, the first of them that says it. So a
// limit, or the networks that it may come from, are those of the user, else of its first
// group that has any, else there is none. Rules are one list: the user's, then those of
// each group; the first that is about a path and a verb decides. What no rule decides is
// permitted if it is to list or to read. A user without rules can thus do what anonymous
// clients can.
//
// Anonymous clients (RFC 1635) are a user that is always there. It can be changed, so
// that it sees less or is kept out, but it may never do more than list and read.
//
// The [Store] has tables of its own, in SQLite or MySQL, in the server's own database:
// the tracker knows nothing of them.
package account
