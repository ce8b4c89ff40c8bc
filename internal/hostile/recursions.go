package hostile

import (
	"fmt"
	"strings"
)

// recursions is about LIST -R.
func recursions() []Behaviour {
	// with answers LIST -R with a text, and plain LIST honestly.
	with := func(send func(out Out)) func() *Site {
		return func() *Site {
			site := &Site{Tree: Dirs(Honest), Offers: Recurse, Script: map[string]act{}}
			site.Script["LIST"] = func(s *session) {
				options, dir := site.argument(s)
				if !strings.Contains(options, "R") {
					site.Act(s)
					return
				}
				site.transfer(s, dir, send)
			}
			return site
		}
	}
	text := func(blocks ...string) func() *Site {
		return with(func(out Out) { out.Send(strings.Join(blocks, "\r\n")) })
	}
	block := func(heading, dir string) string { return heading + ":\r\n" + Long.Lines(Honest[dir]) }
	var honest []string
	for _, b := range [][2]string{{".", "/"}, {"./bad", Bad}, {"./bad/below", "/bad/below"}, {"./good", "/good"}, {"./good/below", "/good/below"}} {
		honest = append(honest, block(b[0], b[1]))
	}
	and := func(more ...string) []string { return append(honest[:len(honest):len(honest)], more...) }
	all := []Behaviour{
		{Name: "LIST -R of what does not exist", Site: text(and(block("./ghost", Bad))...)},
		{Name: "LIST -R of what lies outside", Site: text(and(block("../etc", Bad), block("/etc", Bad), block("./../../etc", Bad))...)},
		{Name: "LIST -R of one twice", Site: text(and(block("./bad", "/good"))...)},
		{Name: "LIST -R of one twice at once", Site: text(honest[0], honest[1], block("./bad", "/good"), honest[2], honest[3], honest[4])},
		{Name: "LIST -R of the root twice", Site: text(and(block(".", "/good"))...)},
		{Name: "LIST -R out of order", Site: text(honest[4], honest[2], honest[0], honest[3], honest[1])},
		{Name: "LIST -R without the last", Site: text(honest[:len(honest)-1]...)},
		{Name: "LIST -R without one in the middle", Site: text(honest[0], honest[1], honest[3], honest[4])},
		{Name: "LIST -R that ends in a block", Site: text(strings.TrimSuffix(strings.Join(honest, "\r\n"), Sized("c", "123456").Long()))},
		{Name: "LIST -R of nothing", Site: text("")},
		{Name: "LIST -R with an error", Site: text(and("ls: cannot open directory './bad/below': Permission denied\r\n")...)},
		{Name: "LIST -R of other files", Site: text(block(".", "/"), block("./bad", "/good"), block("./bad/below", "/good/below"), honest[3], honest[4])},
		{Name: "endless LIST -R", Site: with(func(out Out) {
			out.Send(strings.Join(honest, "\r\n"))
			for n := 0; out.Send(fmt.Sprintf("\r\n./bad/below/%d:\r\n%s", n, Long.Lines(Honest[Bad]))) == nil; n++ {
			}
		})},
		{Name: "endless directory in LIST -R", Site: with(func(out Out) {
			out.Send(strings.Join(honest[:2], "\r\n"))
			flood(out, strings.Repeat(File("again").Long(), 100))
		})},
		{Name: "endless line in LIST -R", Site: with(func(out Out) { out.Send(honest[0]); flood(out, much) })},
		{Name: "LIST -R that stalls", Site: with(func(out Out) { out.Send(honest[0]); trickle(out, much) })},
	}
	for i := range all {
		all[i].Fixed, all[i].Ends = true, neverWrong
	}
	return all
}
