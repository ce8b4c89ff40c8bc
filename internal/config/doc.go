// Package config is the configuration of all programs of the tracker: one TOML
// file, read strictly.
//
// A value comes from the first of these that has it:
//
//	a flag of the command line, where there is one (the programs see to that)
//	the environment: TRACKER_ and the key in capitals, its dots as underscores,
//	    so that crawl.limits.depth is TRACKER_CRAWL_LIMITS_DEPTH
//	the file
//	the defaults (see [Default])
//
// A key that does not exist is an error that shows the line it stands in, for a
// misspelt limit must not go unnoticed; so is a variable of the environment that
// begins like one of ours and is none (see [CheckEnvironment]).
//
// What the file may hold is documented in tracker.toml beside this file, which
// is what "crawler config init" writes. A [Duration] is text such as "30s" or
// "1h30m", a [Size] is a number of bytes or text such as "32MiB". No error shows
// a password, wherever in the file it stands.
package config
