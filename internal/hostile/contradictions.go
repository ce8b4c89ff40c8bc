package hostile

// contradictions is about ways of listing that do not agree.
func contradictions() []Behaviour {
	return []Behaviour{
		{Name: "STAT leaves out names", Fixed: true, Site: elsewhere(STAT, "STAT", withoutLast), Ends: neverWrong},
		{Name: "STAT shows other sizes", Fixed: true, Site: elsewhere(STAT, "STAT", otherSizes), Ends: neverWrong},
		{Name: "STAT shows other names", Fixed: true, Site: elsewhere(STAT, "STAT", otherNames), Ends: neverWrong},
		{Name: "STAT shows nothing", Fixed: true, Site: elsewhere(STAT, "STAT", func([]Entry) []Entry { return nil }), Ends: neverWrong},
		{Name: "STAT of everything is of the root", Fixed: true, Site: elsewhere(STAT, "STAT", func([]Entry) []Entry { return Honest["/"] }), Ends: neverWrong, Settings: []string{"TRACKER_CRAWL_LIMITS_TOTAL=3000"}},
		{Name: "MLSD leaves out names", Fixed: true, Site: elsewhere(MLSD, "MLSD", withoutLast), Ends: neverWrong},
		{Name: "MLSD shows other names", Fixed: true, Site: elsewhere(MLSD, "MLSD", otherNames), Ends: neverWrong},
		{Name: "MLSD follows links", Fixed: true, Site: elsewhere(MLSD, "MLSD", followed), Ends: neverWrong},
		{Name: "MLSD shows nothing", Fixed: true, Site: elsewhere(MLSD, "MLSD", func([]Entry) []Entry { return nil }), Ends: neverWrong},
	}
}

// elsewhere is the honest site where one command lists other entries.
func elsewhere(offers Offer, verb string, change func([]Entry) []Entry) func() *Site {
	return func() *Site {
		lies := map[string][]Entry{}
		for dir, entries := range Honest {
			lies[dir] = change(entries)
		}
		liar := &Site{Tree: Dirs(lies), Offers: offers}
		liar.prepare()
		site := &Site{Tree: Dirs(Honest), Offers: offers, Script: map[string]act{}}
		site.Script[verb] = func(s *session) {
			liar.stand(s, site.here(s))
			liar.Act(s)
		}
		return site
	}
}

func withoutLast(entries []Entry) []Entry { return entries[:len(entries)-1] }

func otherSizes(entries []Entry) (other []Entry) {
	for _, e := range entries {
		if e.Kind == '-' {
			e.Size = "99"
		}
		other = append(other, e)
	}
	return other
}

func otherNames(entries []Entry) (other []Entry) {
	for _, e := range entries {
		if e.Kind == '-' {
			e.Name += "x"
		}
		other = append(other, e)
	}
	return other
}

func followed(entries []Entry) (other []Entry) {
	for _, e := range entries {
		if e.Kind == 'l' {
			e = Dir(e.Name)
		}
		other = append(other, e)
	}
	return other
}
