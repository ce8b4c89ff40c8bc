package trust

import "testing"

// What is read as a pattern is written so that it is read as the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"*", "*.de", "ftp.example.org", "ftp://ftp.example.org/pub/", "2001:db8::1", "ftp://[2001:db8::1]:21/%41", "ftp://::"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(p.String()); err != nil || again != p {
			t.Errorf("%q is written as %q, which is read as %q (%v)", text, p, again, err)
		}
	})
}
