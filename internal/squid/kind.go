package squid

// A Kind is what a helper is asked for.
type Kind string

// The kinds of helpers.
const (
	Rewrite Kind = "rewrite"  // url_rewrite_program
	Store   Kind = "store-id" // store_id_program
)

func (k Kind) known() bool { return k == Rewrite || k == Store }

// answer answers a request. Squid asks about uploads and tunnels too: they pass as they
// are.
func (k Kind) answer(d Decider, q Request) Reply {
	reply := Reply{Channel: q.Channel}
	if q.URL == "" || !q.fetches() {
		return reply
	}
	switch k {
	case Rewrite:
		reply.Redirect = d.Target(q.URL, q.Client)
	case Store:
		reply.StoreID = d.StoreID(q.URL)
	}
	return reply
}
