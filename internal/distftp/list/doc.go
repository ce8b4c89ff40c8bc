// Package list writes entries of the file system the way FTP clients read them.
// It is pure: entries and a clock reading in, bytes out. Every line ends with CR LF.
//
// LIST looks like "ls -l" in the C locale with all times in GMT:
//
//	drwxr-xr-x    2 ftp      ftp          4096 Mar  1 12:00 pub
//	-rw-r--r--    1 ftp      ftp           512 Dec 24  2019 README
//	lrwxrwxrwx    1 ftp      ftp             3 Mar  1 12:00 latest -> 2.0
//
// Like GNU ls it gives the time of day for the last half year (15,778,476 seconds)
// and the year otherwise, also for times in the future.
//
// MLSD and MLST give facts as RFC 3659, section 7 says, times in UTC:
//
//	type=file;size=512;modify=20191224180000;perm=r;unique=801U2f;UNIX.mode=0644; README
//
// A link is "type=OS.unix=slink:TARGET", or "type=OS.unix=symlink" where the target
// holds a byte that would end the fact early (blank, ";", a control character).
//
// NLST gives names alone, so that they can be used in the next command: with the
// directory before them as the client wrote it (RFC 1123, 4.1.2.7).
//
// A name with CR, LF or NUL has no representation in any of these formats: see
// [Showable]. It must be reported, not bent: a listing that silently lacks it, or
// shows another name, would look complete and be wrong.
package list
