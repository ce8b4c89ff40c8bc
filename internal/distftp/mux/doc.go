// Package mux carries many requests at a time, as those of HTTP, over one connection.
//
// It does for a link what HTTP/2 would, and hardly anything more. With HTTP/2 a request
// passes from goroutine to goroutine, four of them on each side, and in two or three writes; for
// a small file that was half of all that master and slave have to do. Here who asks writes
// to the connection itself, and a request or answer that is small is one frame, one record of
// TLS, and one write.
//
// # Frames
//
// A frame is 13 bytes and a payload of at most 16,000. The integers are big-endian.
//
//	4 bytes   the length of the payload
//	1 byte    the kind; with 0x80, nothing more follows of this request or answer
//	8 bytes   the number of the request; 0 for ping and pong
//
//	kind      payload
//	1 ask     method, a blank, path, a line feed; the body begins
//	2 answer  two bytes of status; the body begins
//	3 body    more of it
//	4 credit  4 bytes: so many more bytes of body may be sent
//	5 abort   the rest is not wanted, or will not come
//	6 ping    to be answered with pong
//	7 pong
//
// One side asks, and the other answers. No request has the number of another. There are no
// headers: both know what the bodies are. An answer begins when all of the request has come;
// if it begins before, the rest is not sent any more.
//
// Of each body the receiver takes 256 KiB that nobody has read yet; more is sent when it gives
// credit, and no more than 64 MiB of all bodies together. So nobody who is slow to read keeps
// others waiting, and nobody can fill the other's memory. Whoever does not keep to all this has the connection closed.
//
// Either side sends a ping where nothing came for a while, and closes the connection if nothing
// comes then either.
package mux
