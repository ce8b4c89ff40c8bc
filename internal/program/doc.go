// Package program is what the programs that work on the database share: the
// flags that every command of theirs takes, the way from these flags to an open
// database, and the command that prints the version.
//
// A program's command line embeds [Flags]; its commands have a method Run that
// takes an [*App]. One that needs the database gets it with [App.Open] and
// closes the [Session] at its end.
package program
