// Package nearest orders replicas for a client: the nearer a site is and the greater its
// weight, the more of the clients it gets.
//
// What stands between a client and a site is a cost in kilometres ([Costs]): the distance
// between their places, and additions where the country or the network is another. A
// site's odds are its weight divided by (1 + cost/R)^4; among the candidates that come
// into question each is first with the probability that its odds have among them all.
// The draw is a weighted rendezvous (draw.go): a client keeps its mirror for an hour, its
// neighbours get others, and a site that comes or goes moves no client but those that
// it gets or had. docs/nearest.md describes all of it for operators, with examples.
//
// Where an address is follows from the operator's own networks ([Network]) and from
// databases in MaxMind's format ([Databases]); where a site is, from what it declares
// ([mirror.Reach]), else from its address. Whatever is not known costs no site more than
// another, so that without any of this the weights alone decide.
//
// A [Map] is immutable and made anew when sites or databases change. The [View] of a
// client is kept, so that ranking for a client that was there before takes no lock and
// allocates nothing.
package nearest
