// Package polite keeps crawls from being a burden to those who are crawled.
//
// A [Pacer] knows all crawls of a process. Each begins with [Pacer.Site] and is
// then held to its pace: directories a second, bytes a second, and connections,
// which are counted by host, because sites that share a server are one visitor to
// it. What several processes do is not added up.
package polite
