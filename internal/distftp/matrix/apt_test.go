package matrix

import (
	"strconv"
	"strings"
)

const aptMethod = "/usr/lib/apt/methods/ftp"

// apt fetches by a program of its own for ftp, which it tells what to do on standard
// input, in messages like those of HTTP.
var apt = &client{
	name:    "apt",
	needs:   []string{aptMethod},
	version: debianVersion("apt"),
	lacks:   lacking(noPret, noTLS, onlyDownloads, noListings),
	relayed: lack(namesNoHost, "EPSV", "EPSV IPv6"),
	fetch: func(j *job, name string) {
		config := map[string]string{"Acquire::ftp::Passive": strconv.FormatBool(!j.active()), "Acquire::ftp::ForceExtended": strconv.FormatBool(j.extended())}
		message := []string{"601 Configuration"}
		for key, value := range config {
			message = append(message, "Config-Item: "+key+"="+value)
		}
		message = append(message, "", "600 URI Acquire", "URI: "+j.rawURL(name), "Filename: "+j.local(), "", "")
		said := j.feed(strings.Join(message, "\n"), nil, aptMethod)
		if !strings.Contains(said, "201 URI Done") {
			j.Errorf("apt's method says %s", said)
		}
	},
}
