package store_test

import (
	"testing"

	"mirrortracker/internal/store/storetest"
	"mirrortracker/internal/testbed"
)

func TestMariaDB(t *testing.T) { storetest.Run(t, testbed.MariaDB) }

func TestMariaDBManyAtOnce(t *testing.T) {
	for range 3 {
		storetest.Simultaneously(t, testbed.MariaDB(t))
	}
}
