package link_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/distftp/link"
	"mirrortracker/internal/distftp/wire"
)

// swift has sent everything at once.
type swift struct{ wire.Slave }

func (swift) Send(_ context.Context, _ wire.Send, tell func(wire.Event)) error {
	tell(wire.Event{Connected: true})
	tell(wire.Event{Moved: 4096})
	return nil
}

// BenchmarkTransfer is what a transfer costs on the link, on both sides.
func BenchmarkTransfer(b *testing.B) {
	m := serveMaster(b, openDatabase(b))
	id := m.enroll(b, "one")
	run(b, func(ctx context.Context) {
		link.Serve(ctx, link.SlaveConfig{Identity: id, Slave: swift{}, Log: quiet()})
	})
	l := <-m.joined
	s := wire.Send{
		Ref: wire.Ref{Path: "/pub/some/directory/file", Version: 1 << 40, Size: 4096}, After: 1 << 40,
		Meet: wire.Meeting{Secret: make([]byte, wire.SecretSize), Timeout: time.Minute}, Stall: time.Minute,
	}
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		if err := l.Send(b.Context(), s, func(wire.Event) {}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op") // which other programs do not disturb
}

// cpu is the processor time that this process has taken.
func cpu(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
