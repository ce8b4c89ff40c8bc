// Command ftpd will be the distributed FTP server. It is not available yet; this program says
// so, so that nobody wonders. What exists of it is the package internal/distftp.
package main

import "mirrortracker/internal/ui"

func main() { ui.Main(Main) }
