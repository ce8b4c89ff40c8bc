// Package pack writes and reads packs: one site's snapshot as it travels between
// trackers (docs/pack-v1.md). A pack is a header and then trees (docs/tree-v1.md),
// children first, as one zstd stream:
//
//	mirror-pack 1
//	{"tracker":"...","site":{"url":"ftp://...",...},"root":"...",...}
//	tree 3
//	d @1 below
//	f 120 2026-01-31 README
//	l latest NUL below
//	edit 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 2
//	f 4 2026-02-01 INDEX
//	- OLD
//	end 2
//
// A child is named by how many trees before this one it stands, or by its identity where
// the receiver has it already. An edit says how a tree differs from one that the
// receiver has. Neither identities nor digests of the trees travel: who reads a pack
// computes them, and the root's must be that of the header, so that nothing can be
// changed or left out below it.
//
// Who signed a pack is asked of the file, before it is read: see [Verify].
package pack
