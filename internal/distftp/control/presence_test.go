package control

import (
	"io"
	"net"
	"testing"
)

func TestHungUp(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if hungUp(conn) {
		t.Error("a silent client counts as gone")
	}
	if _, err := io.WriteString(client, "QUIT"); err != nil {
		t.Fatal(err)
	}
	client.Close()
	if hungUp(conn) {
		t.Error("a client counts as gone before it was heard out")
	}
	// All is read, and the end has arrived with it: loopback keeps the order.
	if b, err := io.ReadAll(conn); string(b) != "QUIT" || err != nil {
		t.Fatalf("%q, %v", b, err)
	}
	if !hungUp(conn) {
		t.Error("a client that closed its side does not count as gone")
	}
	if a, b := net.Pipe(); hungUp(a) || a.Close() != nil || b.Close() != nil {
		t.Error("what cannot be told counts as gone")
	}
}
