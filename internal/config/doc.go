// Package config is the configuration of all programs of the tracker: one TOML
// file, read strictly (see the package strict).
//
// A value comes from the first of these that has it:
//
//	a flag of the command line, where there is one (the programs see to that)
//	the environment: TRACKER_ and the key in capitals, its dots as underscores,
//	    so that crawl.limits.depth is TRACKER_CRAWL_LIMITS_DEPTH
//	the file
//	the defaults (see [Default])
//
// A variable of the environment that begins like one of ours and is none is an error
// (see [CheckEnvironment]), as is a key of the file that does not exist.
//
// What the file may hold is documented in tracker.toml beside this file, which
// is what "crawler config init" writes.
package config
