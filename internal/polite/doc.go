// Package polite keeps crawls from being a burden to those who are crawled.
//
// A [Pacer] knows all crawls of a process. Each begins with [Pacer.Site] and is
// then held to its pace: directories a second, bytes a second, and connections,
// which are counted by host, because sites that share a server are one visitor to
// it. Names are of one host if they have an address in common. A third name that has
// one in common with each of two hosts under way counts with the first of them. What
// several processes do is not added up.
package polite
