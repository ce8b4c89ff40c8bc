package schedule

import (
	"testing"
	"time"
)

func TestHeart(t *testing.T) {
	var h Heart
	now := at("2026-03-08 10:00:00")
	if h.Beats(now) {
		t.Error("it beats before it began to")
	}
	h.Beat(now)
	if !h.Beats(now.Add(time.Minute)) || h.Beats(now.Add(2*time.Minute)) {
		t.Error("it is not the last beat that counts")
	}
}
