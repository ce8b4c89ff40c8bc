-- The index of a slave's storage. Names are bytes.
CREATE TABLE dirs (
	id     INTEGER PRIMARY KEY,
	parent INTEGER NOT NULL,
	name   TEXT NOT NULL,
	digest BLOB NOT NULL,    -- sync digest
	files  INTEGER NOT NULL, -- how many are below it, at any depth; none: the row goes
	bytes  INTEGER NOT NULL, -- in them
	UNIQUE (parent, name)
);
INSERT INTO dirs VALUES (1, 0, '', zeroblob(32), 0, 0);

CREATE TABLE files (
	dir     INTEGER NOT NULL,
	name    TEXT NOT NULL,
	version INTEGER NOT NULL, -- 0: came from elsewhere
	folder  INTEGER NOT NULL,
	inode   INTEGER NOT NULL,
	size    INTEGER NOT NULL,
	mtime   INTEGER NOT NULL, -- Unix nanoseconds, on the disk
	crc32   INTEGER,          -- NULL: not computed yet
	sha256  BLOB,
	PRIMARY KEY (dir, name)
) WITHOUT ROWID;

CREATE TABLE damaged (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	path    TEXT NOT NULL,
	version INTEGER NOT NULL,
	size    INTEGER NOT NULL,
	fault   TEXT NOT NULL,
	story   TEXT NOT NULL,
	folder  INTEGER NOT NULL,
	kept    TEXT NOT NULL     -- under which name it is in .ftpd-slave/damaged; empty: it is not
);
CREATE INDEX damaged_path ON damaged (path);

CREATE TABLE storage (
	id           TEXT NOT NULL,
	folders      INTEGER NOT NULL, -- how many
	applied      INTEGER NOT NULL, -- the last intent
	verify_dir   INTEGER NOT NULL, -- where verification goes on
	verify_name  TEXT NOT NULL,
	verify_begun INTEGER NOT NULL  -- when this round began, Unix seconds
);
