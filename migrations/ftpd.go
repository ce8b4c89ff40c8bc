package migrations

import "embed"

// FTPServerMySQL has the folder ftpd/mysql: the tables of the FTP server's own
// database, for MySQL and MariaDB.
//
//go:embed ftpd/mysql/*.sql
var FTPServerMySQL embed.FS

// FTPServerSQLite has the folder ftpd/sqlite.
//
//go:embed ftpd/sqlite/*.sql
var FTPServerSQLite embed.FS
