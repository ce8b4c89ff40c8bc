// Command redirector sends those who ask for a file or directory of a tracked site to a
// complete replica of it.
package main

import "mirrortracker/internal/ui"

func main() { ui.Main(Main) }
