// Package config is the configuration of the FTP server: one TOML file, read strictly
// (see mirrortracker/internal/config/strict).
//
// A value comes from the first of these that has it:
//
//	a flag of the command line, where there is one (the program sees to that)
//	the environment: FTPD_ and the key in capitals, its dots as underscores, so that
//	    tls.certificate is FTPD_TLS_CERTIFICATE
//	the file
//	the defaults (see [Default])
//
// What the file may hold is documented in ftpd.toml beside this file, which is what
// "ftpd config init" writes.
package config
