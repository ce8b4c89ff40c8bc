// Command crawler keeps the tracker's picture of the world up to date: it knows the
// sites, crawls them into the database, and shows what was found.
package main

import "mirrortracker/internal/ui"

func main() { ui.Main(Main) }
