// Package schedule decides which site is crawled when, and sees to it.
//
// Any number of processes may do so on one database. They need no word with each
// other, because when a site is due follows from what the database says of its
// last crawl ([Plan.Due]), and because a crawl holds a lease: a site that
// somebody else is crawling is looked at again a little later. Under its lease a
// site is asked once more whether it is due ([Turn.StillDue]), so that of two
// processes that found it due at the same moment only one crawls it.
//
// A site is due
//
//   - at once if it was never crawled, or if its last crawl was interrupted;
//   - at the next moment of its cron expression after the beginning of its last
//     crawl, later by the site's own share of the jitter: a part of it
//     that follows from the site's identity, so that sites are spread and each
//     keeps its time of the day;
//   - if its last crawl failed, no later than some time after that ended, which
//     doubles with each failure in a row; and after many of them no earlier either;
//   - if what its last crawl found is doubted, no later than the same time;
//   - never before a pause after its last crawl is over, unless that was interrupted;
//   - only in its hours of the day. A crawl that is under way at their end is
//     interrupted ([ErrHoursOver]).
//
// A [Scheduler] looks at the database every few seconds, so that sites that are
// added, changed or removed take effect without a restart. It never crawls one
// site twice at a time.
package schedule
