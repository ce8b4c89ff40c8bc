package powercut

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func sorted(names map[string]*node) []string { return slices.Sorted(maps.Keys(names)) }

// A reader follows a trace, with the disk as the program saw it.
type reader struct {
	*Recording
	nodes map[int]*node
	ids   map[*node]int
	next  int
	at    map[string]int64 // where the descriptor of a number reads or writes next
}

var (
	lineForm    = regexp.MustCompile(`^(\d+) +(.*)$`)
	callForm    = regexp.MustCompile(`^(\w+)\((.*)\) += (-?\d+)(?:<(.*)>)?`)
	resumedForm = regexp.MustCompile(`^<\.\.\. \w+ resumed>(.*)$`)
	timeForm    = regexp.MustCompile(`\{tv_sec=(\d+), tv_nsec=(\d+)\}`)
)

// read reads what strace wrote.
func (r *Recording) read(text io.Reader) error {
	rd := &reader{Recording: r, nodes: map[int]*node{}, ids: map[*node]int{}, next: len(r.folders) * firstNumber, at: map[string]int64{}}
	for i, start := range r.start {
		number(clone(start), numbers(i), rd.nodes)
	}
	for id, n := range rd.nodes {
		rd.ids[n] = id
	}
	unfinished := map[string]string{} // by thread
	lines := bufio.NewReader(text)
	for {
		line, err := lines.ReadString('\n')
		if m := lineForm.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			thread, call := m[1], m[2]
			if begun, cut := strings.CutSuffix(call, " <unfinished ...>"); cut {
				unfinished[thread] = begun
			} else {
				if m := resumedForm.FindStringSubmatch(call); m != nil {
					call = unfinished[thread] + m[1]
				}
				if err := rd.call(call); err != nil {
					return err
				}
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// call takes one system call into account, if it succeeded.
func (rd *reader) call(text string) error {
	m := callForm.FindStringSubmatch(text)
	if m == nil || strings.HasPrefix(m[3], "-") {
		return nil
	}
	name, args, result := m[1], strings.Split(m[2], ", "), m[3]
	n, err := strconv.ParseInt(result, 10, 64)
	if err != nil {
		return fmt.Errorf("%.200s: %w", text, err)
	}
	switch name {
	case "open":
		return rd.open(string(unhex(args[0])), args[1], result)
	case "openat":
		return rd.open(in(args[0], args[1]), args[2], result)
	case "write":
		fd, file := descriptor(args[0])
		if fd == "1" && rd.find(file) == nil {
			return rd.add(change{what: said, data: unhex(args[1])[:n]})
		}
		defer func() { rd.at[fd] += n }()
		return rd.write(file, rd.at[fd], unhex(args[1])[:n])
	case "pwrite64":
		_, file := descriptor(args[0])
		at, err := strconv.ParseInt(args[3], 10, 64)
		if err != nil {
			return err
		}
		return rd.write(file, at, unhex(args[1])[:n])
	case "copy_file_range":
		in, source := descriptor(args[0])
		out, target := descriptor(args[2])
		if args[1] != "NULL" || args[3] != "NULL" {
			return fmt.Errorf("copy_file_range with offsets is not understood: %.200s", text)
		}
		defer func() { rd.at[in] += n; rd.at[out] += n }()
		if old := rd.find(source); old != nil {
			return rd.write(target, rd.at[out], slices.Clone(old.data[rd.at[in]:rd.at[in]+n]))
		}
	case "ftruncate":
		_, file := descriptor(args[0])
		size, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		return rd.addTo(file, change{what: resized, at: size})
	case "fsync", "fdatasync":
		_, file := descriptor(args[0])
		return rd.addTo(file, change{what: synced})
	case "utimensat":
		times := timeForm.FindAllStringSubmatch(text, -1)
		if len(times) != 2 {
			return fmt.Errorf("times are not understood: %.300s", text)
		}
		seconds, _ := strconv.ParseInt(times[1][1], 10, 64)
		nanoseconds, _ := strconv.ParseInt(times[1][2], 10, 64)
		return rd.addTo(in(args[0], args[1]), change{what: timed, mtime: time.Unix(seconds, nanoseconds)})
	case "mkdir":
		return rd.make(string(unhex(args[0])), true)
	case "mkdirat":
		return rd.make(in(args[0], args[1]), true)
	case "linkat":
		return rd.name("", in(args[0], args[1]), in(args[2], args[3]))
	case "rename":
		return rd.name(string(unhex(args[0])), string(unhex(args[0])), string(unhex(args[1])))
	case "renameat", "renameat2":
		return rd.name(in(args[0], args[1]), in(args[0], args[1]), in(args[2], args[3]))
	case "unlink":
		return rd.unname(string(unhex(args[0])))
	case "unlinkat":
		return rd.unname(in(args[0], args[1]))
	}
	return nil
}

func (rd *reader) add(c change) error {
	c.do(rd.nodes)
	rd.changes = append(rd.changes, c)
	return nil
}

// addTo adds a change of what has a path, unless that is none of the folders' business.
func (rd *reader) addTo(file string, c change) error {
	n := rd.find(file)
	if n == nil {
		return nil
	}
	c.node = rd.ids[n]
	return rd.add(c)
}

func (rd *reader) write(file string, at int64, data []byte) error {
	return rd.addTo(file, change{what: written, at: at, data: data})
}

func (rd *reader) open(file, flags, fd string) error {
	rd.at[fd] = 0
	switch {
	case !strings.Contains(flags, "O_CREAT") && !strings.Contains(flags, "O_TRUNC"):
		return nil
	case strings.Contains(flags, "O_APPEND"):
		return fmt.Errorf("%s is opened to append, which is not understood", file)
	case rd.find(file) == nil:
		return rd.make(file, false)
	case strings.Contains(flags, "O_TRUNC"):
		return rd.addTo(file, change{what: resized})
	}
	return nil
}

func (rd *reader) make(file string, isDir bool) error {
	dir := rd.find(path.Dir(file))
	if dir == nil {
		return nil
	}
	rd.next++
	if err := rd.add(change{what: made, node: rd.next, isDir: isDir}); err != nil {
		return err
	}
	rd.ids[rd.nodes[rd.next]] = rd.next
	return rd.add(change{what: named, node: rd.next, dir: rd.ids[dir], name: path.Base(file), from: -1})
}

// name gives what is at a path another one, in place of an old one or, if that is empty,
// besides.
func (rd *reader) name(old, file, to string) error {
	n, dir := rd.find(file), rd.find(path.Dir(to))
	if n == nil || dir == nil {
		return nil
	}
	c := change{what: named, node: rd.ids[n], dir: rd.ids[dir], name: path.Base(to), from: -1}
	if old != "" {
		if dir.names[c.name] == n {
			return nil // two names of one file: nothing happens
		}
		c.from, c.old = rd.ids[rd.find(path.Dir(old))], path.Base(old)
	}
	return rd.add(c)
}

func (rd *reader) unname(file string) error {
	n := rd.find(file)
	if n == nil {
		return nil
	}
	return rd.add(change{what: unnamed, node: rd.ids[n], from: rd.ids[rd.find(path.Dir(file))], old: path.Base(file)})
}

// find returns what has a path on the machine, nil if that is not in the folders.
func (rd *reader) find(file string) *node {
	for i, folder := range rd.folders {
		if below, is := strings.CutPrefix(file+"/", folder+"/"); is {
			return rd.nodes[i*firstNumber].find(below)
		}
	}
	return nil
}

// descriptor takes 5<path> apart. A file that has no name any more has no path.
func descriptor(arg string) (number, file string) {
	number, rest, _ := strings.Cut(arg, "<")
	file, rest, _ = strings.Cut(rest, ">")
	if rest != "" { // (deleted)
		return number, ""
	}
	return number, string(unhex(file))
}

// in is a path that was given from a directory on.
func in(dir, name string) string {
	file := string(unhex(name))
	if path.IsAbs(file) {
		return path.Clean(file)
	}
	_, above := descriptor(dir)
	return path.Join(above, file)
}

// unhex reads \x61\x62, with quotation marks around it or without.
func unhex(text string) []byte {
	text = strings.Trim(text, `"`)
	b, err := hex.DecodeString(strings.ReplaceAll(text, `\x`, ""))
	if err != nil {
		panic(fmt.Sprintf("strace wrote %.100q, which is not hexadecimal", text))
	}
	return b
}
