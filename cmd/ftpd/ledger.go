package main

import (
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/xferlog"
	"mirrortracker/internal/ui"
)

// A ledger is a transfer log.
type ledger struct {
	log *xferlog.Log
	*holding
	key, path, form string // as the configuration has them
}

// classic is the form that has no name in the configuration, being the only one of its
// key.
const classic = "classic"

var forms = map[string]xferlog.Format{
	classic:          xferlog.Classic,
	config.Transfers: xferlog.JSON,
	config.All:       xferlog.Everything,
}

// openLedgers opens the transfer logs of a configuration.
func (f *force) openLedgers(a *app, former *force) error {
	c := &f.config.TransferLog
	for _, l := range []ledger{
		{key: "xferlog", path: c.XferLog, form: classic},
		{key: "json", path: c.JSON, form: c.Events},
	} {
		if l.path == config.Off {
			continue
		}
		if err := l.open(a, f, former); err != nil {
			return ui.Hint(err, "transfer_log."+l.key+` of the configuration names another file, or "off"`)
		}
		f.ledgers = append(f.ledgers, &l)
		f.held = append(f.held, l.holding)
	}
	return nil
}

// open opens a log, or shares it with the former configuration. Its file is opened anew
// in any case, as it may have been renamed.
func (l *ledger) open(a *app, f, former *force) (err error) {
	if old := former.ledger(l.key); old != nil && old.path == l.path && old.form == l.form {
		if err := old.log.Reopen(); err != nil {
			return err
		}
		l.log, l.holding = old.log, old.again()
		return nil
	}
	if l.path == "-" {
		l.log = xferlog.To(flushed{a.Env}, forms[l.form], f.log)
	} else if l.log, err = xferlog.Open(l.path, forms[l.form], f.log); err != nil {
		return err
	}
	l.holding = hold(l.log)
	return nil
}

// ledger returns the transfer log of a key, nil if there is none.
func (f *force) ledger(key string) *ledger {
	if f != nil {
		for _, l := range f.ledgers {
			if l.key == key {
				return l
			}
		}
	}
	return nil
}

// observers returns who records what sessions do.
func (f *force) observers() control.Observers {
	var all control.Observers
	for _, l := range f.ledgers {
		all = append(all, l.log)
	}
	if f.mirroring != nil {
		all = append(all, f.mirroring)
	}
	return all
}

// flushed is standard output for what is to be seen at once.
type flushed struct{ env *ui.Env }

func (f flushed) Write(b []byte) (int, error) {
	n, err := f.env.Stdout.Write(b)
	if err != nil {
		return n, err
	}
	return n, f.env.Flush()
}
