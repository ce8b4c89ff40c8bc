// Package ftpconn is an FTP control connection for a crawler: it is dialled and
// logged in through github.com/jlaffaye/ftp, and then speaks for itself, because
// that library's List drops lines that it does not understand, sets no
// deadlines and sends one command at a time.
//
// Everything that comes from the server is bounded: every read and write has a
// deadline, replies and listings have a maximum length. Data connections always
// go to the host of the control connection, whatever the reply to PASV names.
// Commands that would hold a CR, LF or NUL are refused before they are sent.
package ftpconn
