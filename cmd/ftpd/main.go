// Command ftpd is the FTP server: it serves a folder, and manages users and groups.
package main

import "mirrortracker/internal/ui"

func main() { ui.Main(Main) }
