package health

import (
	"cmp"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mirrortracker/internal/mirror"
)

// A Config is what a [Checker] is made of. Only Sites must be set.
type Config struct {
	// Sites returns the tracked sites. It is called every second and must not
	// block; the sites are not changed.
	Sites func() []mirror.Site

	Sampler  Sampler               // nil: only bases are asked
	Options  Options               // where a field is zero, that of DefaultOptions
	Lookup   Lookup                // nil: the system's
	Records  Records               // where states and events are kept; nil: nowhere
	Process  string                // who checks, for those records
	Getenv   func(string) string   // for passwords and secrets; nil: there are none
	Metrics  prometheus.Registerer // nil: none
	Log      *slog.Logger          // nil: none
	Webhooks []Webhook
}

// Options say how sites are checked.
type Options struct {
	Interval time.Duration  // between two checks of a URL over one family
	Timeout  time.Duration  // of a whole check
	Parallel int            // checks at a time
	Contact  string         // whom to ask about us: the anonymous password of FTP, and part of the user agent
	Brake    float64        // the share of what was offered that may be switched off at once; 1 for any
	Pause    time.Duration  // for which failures must last while the brake holds
	Private  []netip.Prefix // special networks in which sites may lie, besides those whose URL names such an address
	Days     int            // for which events are kept
}

// DefaultOptions returns what is in force where nothing else is said.
func DefaultOptions() Options {
	return Options{
		Interval: 20 * time.Second,
		Timeout:  10 * time.Second,
		Parallel: 256,
		Contact:  "mirrortracker@",
		Brake:    0.5,
		Pause:    time.Minute,
		Days:     30,
	}
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	o.Interval = cmp.Or(o.Interval, d.Interval)
	o.Timeout = cmp.Or(o.Timeout, d.Timeout)
	o.Parallel = cmp.Or(o.Parallel, d.Parallel)
	o.Contact = cmp.Or(o.Contact, d.Contact)
	o.Brake = cmp.Or(o.Brake, d.Brake)
	o.Pause = cmp.Or(o.Pause, d.Pause)
	o.Days = cmp.Or(o.Days, d.Days)
	return o
}

// A Sampler knows files that sites should hold.
//
// File returns the path and size of one, another each time if there are several.
// It returns false where nothing is known of the site. It must not block.
type Sampler interface {
	File(site mirror.SiteID) (path mirror.Path, size int64, ok bool)
}

// A Webhook is where events are posted to.
type Webhook struct {
	URL    string // http or https
	Secret string // with which posts are signed; "" for no signature
}
