// Package health finds out which of the sites' URLs clients can be sent to.
//
// A [Checker] asks every URL of every site again and again, over IPv4 and over IPv6
// apart, for a file that the site is known to hold: HEAD by HTTP and HTTPS, SIZE by
// FTP and FTPS. What it finds stands on a [Board], which is read without locks, and
// every change is an [Event].
//
// Three things stand between a failed check and a URL that leaves the answers:
//
//   - One failure is none. The URL is asked again a few seconds later, for another
//     file, and must fail for as long as it takes to ask all others (as long as an interval lasts). A
//     file that is missing must be two different ones: a site may change after it
//     was crawled.
//   - The brake. If more than a share of those that were asked meanwhile fail as
//     well, the fault may be ours, and nothing is switched off until the failures
//     have outlasted a pause; and while nothing at all answers, not even then.
//   - A network that we do not have ourselves says nothing about anybody.
//
// What is down returns with the first good check, or with several in a row where it
// went down several times lately.
package health
