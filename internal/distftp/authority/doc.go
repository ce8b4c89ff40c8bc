// Package authority decides who may be a master or a slave of one FTP service. Its
// [Authority] is in the service's database, with the key that signs: who can read the
// database can be anybody. All masters have the same one, and each certifies itself when
// it starts.
//
// A slave is enrolled with a token ([Authority.Token], [Authority.Enroll]), which an
// operator asks a master for. From then on its public key is written down, and a
// certificate is good only with that key: to revoke a slave, or to enroll it anew, is to
// change one row, which every master looks at. Certificates are for the same key until
// then, and are renewed long before they expire ([Authority.Renew]).
package authority
