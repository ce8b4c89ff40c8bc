package hostile

import (
	"fmt"
	"maps"
	"strings"
)

// listings is about what one directory's listing says.
func listings() []Behaviour {
	// with lists, of Bad, itself, its parent and some lines.
	with := func(entries ...Entry) func() *Site {
		return twisted(func(form Form, out Out) { out.Send(form.Lines(entries)) })
	}
	// limit is what is said of what is too much.
	const limit = `limit|longer|more than`
	const unparsable = `unparsable|not understood|decimal|name`
	all := []Behaviour{
		{Name: "endless listing", Site: twisted(func(form Form, out Out) {
			out.Send(form.dots())
			flood(out, strings.Repeat(form.Line(File("again")), 100))
		}), Ends: neverComplete, Says: limit},
		{Name: "ten million names", Site: twisted(tenMillion), Ends: neverComplete, Says: limit},
		{Name: "a million short names", Site: twisted(shortNames), Ends: neverComplete, Says: limit},
		{Name: "a line of 100 MB", Site: twisted(func(form Form, out Out) {
			out.Send(form.dots())
			line := form.Line(File("a"))
			out.Send(line[:len(line)-2])
			for range 100 << 20 / len(much) {
				if out.Send(much) != nil {
					return
				}
			}
			out.Send("\r\n")
		}), Ends: neverComplete, Says: limit},
		{Name: "an endless line", Site: twisted(func(_ Form, out Out) { flood(out, much) }), Ends: neverComplete, Says: limit},
		{Name: "endless empty lines", Site: twisted(func(_ Form, out Out) { flood(out, strings.Repeat("\r\n", 16<<10)) }), Ends: neverComplete, Says: limit},
		{Name: "a listing that trickles", Site: twisted(func(form Form, out Out) { trickle(out, strings.Repeat(form.Line(File("a")), 100)) }), Ends: neverComplete, Says: limit + `|timeout`},
		{Name: "a listing that stalls", Site: twisted(func(form Form, out Out) { trickle(out, form.Line(File("a"))[:5]); stall(out) }), Ends: neverComplete, Says: limit + `|timeout`},
		{Name: "a name that leads up", Site: with(File("a"), Dir("../good"), Dir("x/../../good"), File("../../etc/passwd")), Ends: incomplete, Says: unparsable},
		{Name: "a name that is a path", Site: with(Dir("/etc"), File("x/y")), Ends: incomplete, Says: unparsable},
		{Name: "a name with a CR", Site: with(File("a\rb"), Dir("c\rDELE d")), Ends: incomplete, Says: unparsable},
		{Name: "a name with a zero", Site: with(File("a\x00b"), Dir("d\x00")), Ends: incomplete, Says: unparsable},
		{Name: "a name twice", Site: with(File("a"), Sized("a", "2")), Ends: incomplete, Says: unparsable + `|twice`},
		{Name: "a directory twice", Site: with(Dir("below"), Dir("below")), Ends: incomplete, Says: unparsable + `|twice`},
		{Name: "no name", Site: with(File("a"), File("")), Ends: incomplete, Says: unparsable},
		{Name: "a name of 64 KiB", Site: with(File("a"), Dir(strings.Repeat("n", 64<<10))), Ends: incomplete, Says: limit + `|` + unparsable},
		{Name: "a directory that is not there", Site: with(File("a"), Dir("gone")), Ends: incomplete, Says: `550|refused|below|LIST`},
		{Name: "an error among the lines", Site: twisted(func(form Form, out Out) {
			out.Send(form.Lines(Honest[Bad]) + "ls: reading directory .: Input/output error\r\n")
		}), Ends: incomplete, Says: unparsable},
		{Name: "binary", Site: twisted(func(form Form, out Out) { out.Send("\x00\x01\xff\xfe\x1f\x8b" + much + "\r\n") }), Ends: neverComplete, Says: unparsable + `|` + limit},
		{Name: "another listing's end", Site: twisted(func(form Form, out Out) {
			text := form.Lines(Honest[Bad])
			out.Send(text[:len(text)-6]) // in the middle of a name's line
		}), Ends: neverWrong},
		{Name: "lines that look like replies", Site: twisted(repliesInside), Ends: neverComplete},
		{Name: "a link to itself and links that go round", Site: func() *Site {
			tree := maps.Clone(Honest)
			tree[Bad] = []Entry{Link("round", "there"), Link("self", "self"), Link("there", "round"), Link("up", "..")}
			return &Site{Tree: func(dir string) ([]Entry, bool) {
				if dir != Bad && strings.HasPrefix(dir, Bad+"/") {
					return tree[Bad], true // a client that follows them never comes to an end
				}
				entries, ok := tree[dir]
				return entries, ok
			}}
		}, Ends: neverWrong, Says: unparsable},
	}
	for _, size := range []string{"18446744073709551615", "9223372036854775808", "010", "-1", "1e3", "0x10", "+5", strings.Repeat("9", 400)} {
		all = append(all, Behaviour{Name: fmt.Sprintf("a size of %.20s", size), Site: with(File("a"), Sized("b", size)), Ends: incomplete, Says: `size|date|not understood`})
	}
	return all
}

// tenMillion lists ten million names, each once.
func tenMillion(form Form, out Out) {
	out.Send(form.dots())
	many(form, out, 10_000_000, "package-%d-1.2.3-4.tar.gz")
}

// shortNames lists more names than are allowed in fewer bytes than are allowed,
// so that memory is what the names make of it.
func shortNames(form Form, out Out) {
	out.Send(form.dots())
	for n := range 1_000_000 / 100 {
		var lines strings.Builder
		for i := range 100 {
			if form == Facts {
				fmt.Fprintf(&lines, "type=file; %x\r\n", n*100+i)
			} else {
				fmt.Fprintf(&lines, "-rw-r--r-- 1 0 Jan 5  2023 %x\r\n", n*100+i)
			}
		}
		if out.Send(lines.String()) != nil {
			return
		}
	}
}

// many lists a number of names.
func many(form Form, out Out, names int, format string) {
	const together = 100
	for n := range names / together {
		var lines strings.Builder
		for i := range together {
			lines.WriteString(form.Line(File(fmt.Sprintf(format, n*together+i))))
		}
		if out.Send(lines.String()) != nil {
			return
		}
	}
}

// repliesInside lists, among good lines, such as end a reply to STAT and such as
// answer the commands after it.
func repliesInside(form Form, out Out) {
	out.Send(form.dots() + form.Line(File("a")))
	for _, code := range []string{"211", "212", "213", "226", "250", "421", "550"} {
		out.Send(code + " End of status\r\n")
	}
	out.Send("213-Status follows\r\n" + form.dots() + form.Line(File("z")))
}
