package main

import (
	"testing"
	"time"

	"mirrortracker/internal/distftp/doctor"
	"mirrortracker/internal/distftp/overview"
)

func TestSlaveFindings(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for _, tt := range []struct {
		slaves []overview.Slave
		failed int
		first  doctor.Level
	}{
		{nil, 1, doctor.Fail},
		{[]overview.Slave{{Name: "atlas", State: overview.Online, Seen: now}}, 0, doctor.OK},
		{[]overview.Slave{{Name: "atlas", State: overview.Online, Seen: now, Fault: "disk is full"}}, 0, doctor.Warn},
		{[]overview.Slave{{Name: "atlas", State: overview.Away, Seen: now.Add(-time.Hour)}}, 0, doctor.Warn},
		{[]overview.Slave{{Name: "atlas"}}, 0, doctor.Warn},
	} {
		var f doctor.Findings
		slaveFindings(&f, tt.slaves, now)
		if f.Failed() != tt.failed || f[0].Level != tt.first {
			t.Errorf("%+v: %+v", tt.slaves, f)
		}
	}
}
