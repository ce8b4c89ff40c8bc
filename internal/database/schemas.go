package database

import (
	"io/fs"

	"mirrortracker/migrations"
)

// The tables of the tracker and of the FTP server, which may stand in one database.
var (
	Tracker = Schema{
		SQLite: sub(migrations.SQLite, "sqlite"), MySQL: sub(migrations.MySQL, "mysql"),
		Versions: "goose_db_version", Lock: "goose_lock",
		Remedy: "move it away and crawl again",
	}
	FTPServer = Schema{
		SQLite: sub(migrations.FTPServerSQLite, "ftpd/sqlite"), MySQL: sub(migrations.FTPServerMySQL, "ftpd/mysql"),
		Versions: "ftp_db_version", Lock: "ftp_db_lock",
		Remedy: "move it away and add users again",
	}
)

// sub returns a folder of embedded files, which is there because it was embedded.
func sub(fsys fs.FS, dir string) fs.FS {
	folder, err := fs.Sub(fsys, dir)
	if err != nil {
		panic("database: internal error: " + err.Error())
	}
	return folder
}
