// Command ftpd is the FTP server: it serves a folder, or as master and slave what many
// machines hold, and manages users and groups.
package main

import "mirrortracker/internal/ui"

func main() { ui.Main(Main) }
