// Package strict reads what a program is to do from a TOML file and from the
// environment, and takes nothing that it does not understand: a misspelt limit must not
// go unnoticed.
//
// A configuration is a struct whose fields have tags with the names of their keys. It
// begins as the defaults, and [Load] changes and checks it. Errors show the line of the
// file that they are about, but no password, wherever in the file it stands. A
// [Duration] is text such as "30s" or "1h30m", a [Size] is a number of bytes or text such
// as "32MiB".
package strict
