// Package identity is who masters and slaves are to each other.
//
// Each has a key of its own, and a certificate for it by an authority that exists for this
// one FTP service (see mirrortracker/internal/distftp/authority). A certificate names what
// its owner is: [Master], or one of the slaves ([Slave]). TLS 1.3 is spoken by both sides
// with theirs, everywhere: on links, and where bytes are relayed under TLS.
//
// A slave's identity is a file, which [Enroll] writes. It holds the key, so it is for its
// owner alone. A [Token] takes a slave to it: the operator brings it from a master to the
// slave, and it says which authority to trust, so that nobody between the two can be either.
// The key is made by the slave and never leaves it.
package identity
