package ftplist

import (
	"context"

	"mirrortracker/internal/crawl"
)

// A handOver is what a strategy leaves to those that come after it: directories that it
// has taken, and whichever others belong to them.
type handOver struct {
	tasks  []*crawl.Task
	others func(*crawl.Task) bool // nil if none do
}

func (*handOver) Error() string { return "other strategies are better for some directories" }

// A part is the part of work that was handed over. It never waits for more.
type part struct {
	crawl.Work
	*handOver
}

// Next implements [crawl.Work].
func (p *part) Next(_ context.Context, from crawl.End) (*crawl.Task, error) { return p.More(from), nil }

// More implements [crawl.Work].
func (p *part) More(crawl.End) *crawl.Task {
	if last := len(p.tasks) - 1; last >= 0 {
		t := p.tasks[last]
		p.tasks = p.tasks[:last]
		return t
	}
	if p.others == nil {
		return nil
	}
	t := p.Work.More(crawl.Deepest)
	if t != nil && !p.others(t) {
		p.Work.Return(t)
		return nil
	}
	return t
}

// Return implements [crawl.Work].
func (p *part) Return(tasks ...*crawl.Task) { p.tasks = append(p.tasks, tasks...) }
