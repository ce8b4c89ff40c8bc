// Package catalogue is the file system of a distributed FTP server: names in a database,
// and which slaves hold the content of each file.
package catalogue
