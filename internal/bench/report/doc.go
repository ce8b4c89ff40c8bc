// Package report is how benchmarks say what they have found out: facts about the machine,
// tables, and at the end a line for each figure that is asked for:
//
//	ok|short NAME FIGURE (asked: BAR)
//	skip NAME (WHY)
package report
