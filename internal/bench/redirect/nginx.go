package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"mirrortracker/internal/bench/process"
)

// nginxConfig is that of an nginx that redirects everybody to one place.
const nginxConfig = `daemon off;
worker_processes auto;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx.log;
events { worker_connections 1024; }
http {
	access_log off;
	keepalive_requests 1000000000;
	client_body_temp_path %[1]s/nginx; proxy_temp_path %[1]s/nginx; fastcgi_temp_path %[1]s/nginx; uwsgi_temp_path %[1]s/nginx; scgi_temp_path %[1]s/nginx;
	server {
		listen %[2]s;
		location / { return 302 https://mirror042.example/pub/linux/debian/pool/main/b/bash-1a/bash-1a_4.2.0-1_amd64.deb; }
	}
}
`

// startNginx starts nginx, where it is to be compared with: what is possible at all.
func (b *bench) startNginx(context.Context) (*server, error) {
	if b.options.Nginx == "" {
		b.absent[nginx] = "set NGINX to the path of nginx"
		return nil, nil
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config := b.file("nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, b.dir, addr), 0o644); err != nil {
		return nil, err
	}
	p, err := process.Start(b.file("nginx.out"), nil, b.options.Nginx, "-c", config, "-e", b.file("nginx.log"))
	if err != nil {
		return nil, err
	}
	s := &server{name: nginx, addr: addr, processes: []*process.Process{p}}
	return s, p.Await(10*time.Second, func() error { return dial(addr) })
}

// freeAddress returns a port of the loopback interface that nobody listens on.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// dial reports whether somebody listens at an address.
func dial(addr string) error {
	conn, err := net.Dial("tcp4", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
