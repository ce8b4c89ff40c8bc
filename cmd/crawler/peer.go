package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/trust"
	"mirrortracker/internal/program"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type peerCommand struct {
	Add    peerAdd    `cmd:"" help:"Exchange snapshots with another tracker, or change about what it is believed."`
	List   peerList   `cmd:"" help:"List other trackers, and how the exchange with them goes."`
	Remove peerRemove `cmd:"" help:"Forget another tracker."`
	Pull   peerPull   `cmd:"" help:"Ask other trackers for what they have now."`
	Key    peerKey    `cmd:"" help:"Print the public key of this tracker, by which others know it."`
}

type peerAdd struct {
	URL        string   `arg:"" name:"url" help:"Where the tracker is reached, such as https://tracker.example/."`
	Key        string   `help:"Its public key, or a file with it: what \"crawler peer key\" prints there. Default: what it says itself, which is then shown, to be compared." placeholder:"KEY"`
	Trust      []string `help:"Believe it about these sites: \"*.de\", ftp.example.org, ftp://ftp.example.org/pub/, or \"*\" for any. May be repeated." sep:"none" placeholder:"SITES"`
	Introduces *bool    `negatable:"" help:"Let it name other trackers, which are then believed about the same sites."`
}

func (peerAdd) Help() string {
	return "A tracker that is known already is changed in what is given. It is asked by \"crawler run\", or by \"crawler peer pull\".\n\n" + program.Examples(
		"crawler peer add https://tracker.example/ --key RWQf6... --trust '*.de'",
		"crawler peer add https://tracker.example/ --trust '*' --introduces",
		"crawler peer add https://tracker.example/ --no-introduces")
}

// Run adds or changes the peer.
func (c *peerAdd) Run(a *program.App) error {
	at, err := trackerURL(c.URL)
	if err != nil {
		return err
	}
	if _, err := trust.ParseAll(c.Trust); err != nil {
		return ui.Misuse("--trust: %w", err)
	}
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	p, known, err := s.peer(at)
	if err != nil {
		return err
	}
	p.Via = "" // from now on it is the operator's own
	if c.Trust != nil {
		p.Trust = c.Trust
	}
	if c.Introduces != nil {
		p.Introduces = *c.Introduces
	}
	switch {
	case c.Key != "":
		key, err := publicKey(c.Key)
		if err != nil {
			return err
		}
		p.Key = key.String()
	case p.Key == "":
		if err := s.askKey(at, &p); err != nil {
			return err
		}
	}
	if err := s.Store.PutPeer(a, p); err != nil {
		return err
	}
	// It is asked at once.
	p.Polled = time.Time{}
	if err := s.Store.RecordPeer(a, p.URL, p.PeerState); err != nil {
		return err
	}
	s.warnDeclaredPeers()
	if a.Flags.JSON {
		return a.JSON(peerJSONOf(&p, nil))
	}
	did := "added"
	if known {
		did = "changed"
	}
	if _, err := fmt.Fprintf(a.Stdout, "%s %s, which is believed about %s\n", did, p.URL, cmp.Or(strings.Join(p.Trust, " "), "no site")); err != nil {
		return err
	}
	if len(p.Trust) == 0 {
		_, err = fmt.Fprintf(a.Console(), "hint: crawler peer add %s --trust SITES says about which it is\n", p.URL)
	}
	return err
}

// askKey asks a tracker for its key, which is shown.
func (s *session) askKey(at mirror.URL, p *store.Peer) error {
	x, err := s.exchange()
	if err != nil {
		return err
	}
	told, err := x.Client.Introduction(s, at)
	if err != nil {
		return ui.Hint(fmt.Errorf("%s is asked for its key: %w", at, err), "--key KEY gives the key of a tracker that cannot be reached now")
	}
	p.Name, p.Key = told.Name, told.Key
	_, err = fmt.Fprintf(s.Console(), "%s is %s and says that its key is %s; compare it with what \"crawler peer key\" prints there\n", at, ui.Printable(told.Name), told.Key)
	return err
}

// trackerURL reads the URL of a tracker from the command line.
func trackerURL(text string) (mirror.URL, error) {
	u, err := mirror.ParseURL(text)
	if err == nil {
		err = peer.ValidURL(u)
	}
	if err != nil {
		return mirror.URL{}, ui.Misuse("%w", err)
	}
	return u, nil
}

// peer returns the peer at a URL, and whether there is one; otherwise a new one.
func (s *session) peer(at mirror.URL) (p store.Peer, known bool, err error) {
	all, err := s.Store.Peers(s)
	if err != nil {
		return p, false, err
	}
	i := slices.IndexFunc(all, func(p store.Peer) bool { return p.URL == at.String() })
	if i < 0 {
		return store.Peer{URL: at.String()}, false, nil
	}
	return all[i], true, nil
}

// warnDeclaredPeers says that a peer will not stay as it is, where the configuration
// declares all peers.
func (s *session) warnDeclaredPeers() {
	if len(s.Config.Peers) > 0 {
		fmt.Fprintf(s.Console(), "%s: %s declares the peers: \"crawler run\" will make them again what is declared there\n", s.Name, s.Flags.File(s.Getenv))
	}
}

type peerList struct{}

func (peerList) Help() string {
	return `"by" is who gave the tracker: you, or the peer that introduced it; one that is only known of is not asked: "crawler peer add URL" makes it a peer. "lag" is the time since it was last asked with success.

` + program.Examples("crawler peer list", "crawler peer list --json")
}

// A peerJSON is how the exchange with a peer goes.
type peerJSON struct {
	URL        string        `json:"url"`
	Name       string        `json:"name"`
	Key        string        `json:"key"` // "" if it is only known of
	Trust      []string      `json:"trust"`
	Introduces bool          `json:"introduces"`
	Via        string        `json:"via"` // the peer that introduced it
	Polled     *time.Time    `json:"polled"`
	Succeeded  *time.Time    `json:"succeeded"`
	Seen       *time.Time    `json:"seen"`
	Error      string        `json:"error"`
	Bytes      int64         `json:"bytes"`
	Packs      int64         `json:"packs"`
	Snapshots  int64         `json:"snapshots"`
	Refused    int64         `json:"refused"`
	Refusals   []refusalJSON `json:"refusals"` // the last of each site
}

type refusalJSON struct {
	Site   mirror.URL `json:"site"`
	Reason string     `json:"reason"`
	At     time.Time  `json:"at"`
}

func peerJSONOf(p *store.Peer, refusals []store.Refusal) peerJSON {
	shown := peerJSON{
		URL:        p.URL,
		Name:       p.Name,
		Key:        p.Key,
		Trust:      append([]string{}, p.Trust...), // never null
		Introduces: p.Introduces,
		Via:        p.Via,
		Polled:     known(p.Polled),
		Succeeded:  known(p.Succeeded),
		Seen:       known(p.Seen),
		Error:      p.Error,
		Bytes:      p.Bytes,
		Packs:      p.Packs,
		Snapshots:  p.Snapshots,
		Refused:    p.Refused,
		Refusals:   []refusalJSON{},
	}
	for _, r := range refusals {
		if r.Peer == p.URL {
			shown.Refusals = append(shown.Refusals, refusalJSON{r.Site, r.Reason, r.At.UTC()})
		}
	}
	return shown
}

// Run prints the peers.
func (peerList) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	peers, err := s.Store.Peers(a)
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		refusals, err := s.Store.Refusals(a)
		if err != nil {
			return err
		}
		shown := make([]peerJSON, len(peers))
		for i := range peers {
			shown[i] = peerJSONOf(&peers[i], refusals)
		}
		return a.JSON(shown)
	}
	now := time.Now()
	rows := make([][]any, len(peers))
	for i, p := range peers {
		lag := any("-")
		if !p.Succeeded.IsZero() {
			lag = ui.Time(max(now.Sub(p.Succeeded), 0).Truncate(time.Second))
		}
		rows[i] = []any{p.URL, cmp.Or(ui.Printable(p.Name), "-"), givenBy(&p), cmp.Or(strings.Join(p.Trust, " "), "-"), lag,
			ui.Volume(p.Bytes), ui.Number(p.Packs), ui.Number(p.Snapshots), ui.Number(p.Refused), ui.Rest(p.Error)}
	}
	return a.Table([]string{"url", "name", "by", "trust", "lag", "bytes", "packs", "snapshots", "refused", "message"}, rows)
}

func givenBy(p *store.Peer) string {
	switch {
	case p.Key == "":
		return "only known"
	case p.Via != "":
		return p.Via
	case p.Introduces:
		return "you, introduces"
	}
	return "you"
}

type peerRemove struct {
	URL string `arg:"" name:"url" help:"Where the tracker is reached."`
}

func (peerRemove) Help() string {
	return "Those that it has introduced are forgotten with it. Snapshots that came from it stay.\n\n" + program.Examples("crawler peer remove https://tracker.example/")
}

// Run removes the peer.
func (c *peerRemove) Run(a *program.App) error {
	at, err := trackerURL(c.URL)
	if err != nil {
		return err
	}
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Store.RemovePeer(a, at.String()); err != nil {
		if errors.Is(err, store.ErrNoPeer) {
			err = ui.Hint(fmt.Errorf("%s is no peer", at), "crawler peer list")
		}
		return err
	}
	s.warnDeclaredPeers()
	if a.Flags.JSON {
		return a.JSON(map[string]string{"removed": at.String()})
	}
	_, err = fmt.Fprintf(a.Stdout, "removed %s\n", at)
	return err
}

type peerKey struct{}

func (peerKey) Help() string {
	return "It is made if need be, in the file that peers.key of the configuration names. Keep that to yourself, and give this one to others.\n\n" + program.Examples("crawler peer key", "minisign -V -P \"$(crawler peer key)\" -m gnu.pack")
}

// Run prints the key. It needs no database.
func (peerKey) Run(a *program.App) error {
	cfg, err := a.Load()
	if err != nil {
		return err
	}
	key, err := peer.MakeKey(cfg.Exchange.Key)
	if err != nil {
		return err
	}
	text := peer.Public(key).String()
	if a.Flags.JSON {
		return a.JSON(map[string]string{"key": text, "file": cfg.Exchange.Key})
	}
	_, err = fmt.Fprintln(a.Stdout, text)
	return err
}

type peerPull struct {
	URL []string `arg:"" optional:"" name:"url" help:"Trackers to ask. Default: all peers."`
}

func (peerPull) Help() string {
	return "What was downloaded in part before is gone on with.\n\n" + program.Examples("crawler peer pull", "crawler peer pull https://tracker.example/")
}

// A pulledJSON is what came of asking a peer.
type pulledJSON struct {
	Peer    string        `json:"peer"`
	Error   string        `json:"error,omitempty"`
	Taken   []takenJSON   `json:"taken"`
	Refused []refusalJSON `json:"refused"`
	Known   int           `json:"known"`   // snapshots that are not newer than what is here
	Strange int           `json:"strange"` // of sites about which it is not believed
	Later   int           `json:"later"`   // that could not be had now
	Bytes   int64         `json:"bytes"`
}

type takenJSON struct {
	Site     string     `json:"site"`
	URL      mirror.URL `json:"url"`
	Snapshot int64      `json:"snapshot"`
	Origin   string     `json:"origin"`
	NewTrees int64      `json:"new_trees"`
}

// Run asks the peers, one after the other.
func (c *peerPull) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	urls, err := s.toPull(c.URL)
	if err != nil {
		return err
	}
	results := []pulledJSON{}
	failed := 0
	for _, url := range urls {
		result, err := s.pull(url)
		if err != nil {
			failed++
			result.Error = err.Error()
		}
		results = append(results, result)
		if a.Err() != nil {
			break
		}
	}
	if a.Flags.JSON {
		err = a.JSON(results)
	} else {
		err = showPulled(a.Env, results)
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("of %s, %d asked in vain", human.Plural(int64(len(urls)), "peer", "peers"), failed)
	}
	return err
}

// toPull returns the peers that are meant, or all.
func (s *session) toPull(args []string) (urls []string, err error) {
	for _, arg := range args {
		at, err := trackerURL(arg)
		if err != nil {
			return nil, err
		}
		p, _, err := s.peer(at)
		if err != nil {
			return nil, err
		}
		if p.Key == "" {
			return nil, ui.Hint(fmt.Errorf("%s is no peer", at), "crawler peer add "+at.String())
		}
		urls = append(urls, p.URL)
	}
	if len(args) > 0 {
		return urls, nil
	}
	all, err := s.Store.Peers(s)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.Key != "" {
			urls = append(urls, p.URL)
		}
	}
	if len(urls) == 0 {
		err = ui.Hint(errors.New("there is no peer yet"), "crawler peer add URL --trust SITES")
	}
	return urls, err
}

// pull asks a peer, and shows how far it is.
func (s *session) pull(url string) (pulledJSON, error) {
	x, err := s.exchange()
	if err != nil {
		return pulledJSON{}, err
	}
	progress := s.Progress(s.Log, logInterval)
	progress.Doing = "taking over"
	line := progress.Line(s, url)
	var trees atomic.Int64
	x.Receiver.Watch = trees.Store
	line.Watch(func() ui.Far { return ui.Far{Dirs: trees.Load()} })
	report, err := x.Pull(s, url)
	line.End("", outcomeOf(err, "asked"))
	progress.End()
	result := pulledJSON{
		Peer:    url,
		Taken:   []takenJSON{},
		Refused: []refusalJSON{},
		Known:   report.Known,
		Strange: report.Strange,
		Later:   report.Later,
		Bytes:   report.Bytes,
	}
	for _, t := range report.Taken {
		result.Taken = append(result.Taken, takenJSON{t.Site.Name, t.Site.URL, t.Snapshot.Seq, t.Snapshot.Origin, t.NewTrees})
	}
	for _, r := range report.Refused {
		result.Refused = append(result.Refused, refusalJSON{r.Site, r.Reason, r.At.UTC()})
	}
	return result, err
}

func showPulled(env *ui.Env, results []pulledJSON) error {
	rows := make([][]any, len(results))
	for i, r := range results {
		var names []string
		for _, t := range r.Taken {
			names = append(names, t.Site)
		}
		message := r.Error
		for _, refused := range r.Refused {
			message = cmp.Or(message, fmt.Sprintf("%s: %s", refused.Site, refused.Reason))
		}
		rows[i] = []any{r.Peer, cmp.Or(strings.Join(names, " "), "-"), r.Known, r.Strange, len(r.Refused), r.Later, ui.Volume(r.Bytes), ui.Rest(message)}
	}
	return env.Table([]string{"peer", "taken over", "known", "strange", "refused", "later", "bytes", "message"}, rows)
}
