// Package serve answers other trackers by HTTP: what is offered, packs of it, which
// trackers are known, and notices of news.
//
// Packs are made once and kept in a folder, so that whoever was interrupted can go on
// with the same bytes.
package serve
