// Package config is the configuration of a slave of the FTP server: one TOML file of its own,
// read strictly (see mirrortracker/internal/config/strict). What it may hold is documented
// in slave.toml beside this file, which is what "ftpd slave config init" writes.
//
// A value comes from the environment, whose variables begin with FTPD_SLAVE_, or else from
// the file, or else it is the default ([Default]).
package config
