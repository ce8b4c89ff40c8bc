package pack

import (
	"fmt"
	"strings"

	"mirrortracker/internal/digest"
)

// apply returns the entries of base as the edit has them.
func (d *draft) apply(base *digest.Tree) ([]draftEntry, error) {
	var all []draftEntry
	changes := d.entries
	// take takes the changes of names before one, which are all new.
	take := func(before string, end bool) error {
		for len(changes) > 0 && (end || changes[0].Name < before) {
			if changes[0].Kind == 0 {
				return fmt.Errorf("name %q, which is to be gone, is not in tree %s", cut(changes[0].Name), d.base)
			}
			all = append(all, changes[0])
			changes = changes[1:]
		}
		return nil
	}
	for line := range base.Lines() {
		if line[0] == '!' {
			continue
		}
		e, id, err := digest.ParseLine(line)
		if err != nil {
			return nil, fmt.Errorf("tree %s: %w", d.base, err)
		}
		if err := take(e.Name, false); err != nil {
			return nil, err
		}
		if len(changes) > 0 && strings.Compare(changes[0].Name, e.Name) == 0 {
			if changes[0].Kind != 0 {
				all = append(all, changes[0])
			}
			changes = changes[1:]
			continue
		}
		all = append(all, draftEntry{e, ref{id: id}})
	}
	if len(all)+len(changes) > maxEntries {
		return nil, fmt.Errorf("it has more than %d entries", maxEntries)
	}
	return all, take("", true)
}
