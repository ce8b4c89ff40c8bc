// Command ftpd is the FTP server. What there is of it so far are its users and groups; it
// serves nothing yet. The server that it will be is the package internal/distftp.
package main

import "mirrortracker/internal/ui"

func main() { ui.Main(Main) }
