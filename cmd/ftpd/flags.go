package main

import "strconv"

// serviceFlags are those of all commands that serve clients.
type serviceFlags struct {
	Listen      string `help:"Where to listen for clients, in place of the configuration's \"listen\"; port 0 is any free one." placeholder:"HOST:PORT"`
	TLSListen   string `name:"tls-listen" help:"Where to listen for clients that begin with TLS." placeholder:"HOST:PORT"`
	Certificate string `help:"Certificate for TLS, with those that it depends on behind it." placeholder:"FILE"`
	Key         string `help:"Key of the certificate." placeholder:"FILE"`
	Ports       string `help:"Ports of data connections, such as 50000-50999." placeholder:"RANGE"`
	Users       *bool  `negatable:"" help:"Let in the users of the database, too."`
}

// keys are the flags by the keys of the configuration that they go before.
func (f *serviceFlags) keys() map[string]string {
	keys := map[string]string{
		"listen":          f.Listen,
		"tls_listen":      f.TLSListen,
		"tls.certificate": f.Certificate,
		"tls.key":         f.Key,
		"passive.ports":   f.Ports,
	}
	if f.Users != nil {
		keys["users"] = strconv.FormatBool(*f.Users)
	}
	return keys
}
