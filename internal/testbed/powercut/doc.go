// Package powercut shows what a program leaves on the disk when the machine dies.
//
// A program is recorded once, with every system call by which it changes folders
// ([Record], by strace). From that the folders are made as a power cut at any moment could
// have left them ([Recording.Leave]): what was synced before is there, and of what was
// not, any part. A test then has the program's successor recover from each.
//
// What is certain is what POSIX promises and no more: what was written to a file when that file
// was synced, and names in a directory when the directory was synced. File systems keep
// more than that in order, each in its own way.
package powercut
