package redirect

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
)

//go:embed pages
var pages embed.FS

var (
	layout = template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"count": human.Count,
		"bytes": human.Bytes,
		"stamp": stamp,
		"upper": strings.ToUpper,
		// A URL of a site may be FTP's, which html/template does not know.
		"href": func(u string) template.URL { return template.URL(u) },
	}).ParseFS(pages, "pages/layout.html"))

	frontPage   = pageNamed("front.html")
	mirrorsPage = pageNamed("mirrors.html")
	listPage    = pageNamed("list.html")
)

// pageNamed returns a page in the common layout.
func pageNamed(file string) *template.Template {
	return template.Must(template.Must(layout.Clone()).ParseFS(pages, "pages/"+file))
}

// showPage writes a page. It takes nothing from elsewhere and runs nothing.
func (r *Redirector) showPage(w http.ResponseWriter, req *http.Request, page *template.Template, view any) {
	var b bytes.Buffer
	if err := page.Execute(&b, view); err != nil {
		r.giveUp(w, req, "page cannot be written", "err", err)
		return
	}
	h := w.Header()
	// There is no form-action: browsers apply it to redirects too, and the
	// form's lead to other hosts.
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	reply(w, req, http.StatusOK, "text/html; charset=utf-8", b.String())
}

// A crumb is a directory above.
type crumb struct{ Name, Href string }

// crumbs are the directories above a path, its site's root first.
func crumbs(site string, p mirror.Path) []crumb {
	all := []crumb{{site, pathOf(site, mirror.Root, true) + "?list"}}
	names := p.Names()
	for i := range names {
		above := mirror.FromNames(names[:i+1])
		all = append(all, crumb{printable(names[i]), pathOf(site, above, true) + "?list"})
	}
	return all
}

// printable makes a name fit to be read: bytes that are not UTF-8 and characters
// that show nothing, or something else than stands there, are escaped as in a URL.
func printable(name string) string {
	var b strings.Builder
	for name != "" {
		r, size := utf8.DecodeRuneInString(name)
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			b.WriteString(mirror.EscapePath(name[:size]))
		} else {
			b.WriteString(name[:size])
		}
		name = name[size:]
	}
	return b.String()
}
