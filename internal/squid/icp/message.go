package icp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// An Op says what a message is (RFC 2186, section "ICP Opcodes").
type Op uint8

// The opcodes. Others mean nothing.
const (
	Invalid     Op = 0
	Query       Op = 1
	Hit         Op = 2
	Miss        Op = 3
	Err         Op = 4
	SEcho       Op = 10
	DEcho       Op = 11
	MissNoFetch Op = 21
	Denied      Op = 22
	HitObj      Op = 23
)

// String names the opcode as Squid's logs do, in lower case.
func (o Op) String() string {
	switch o {
	case Invalid:
		return "invalid"
	case Query:
		return "query"
	case Hit:
		return "hit"
	case Miss:
		return "miss"
	case Err:
		return "err"
	case SEcho:
		return "secho"
	case DEcho:
		return "decho"
	case MissNoFetch:
		return "miss_nofetch"
	case Denied:
		return "denied"
	case HitObj:
		return "hit_obj"
	}
	return fmt.Sprintf("opcode %d", uint8(o))
}

const (
	version   = 2
	header    = 20       // bytes before the payload
	requester = 4        // bytes of a query's payload before its URL
	MaxLength = 16 << 10 // of a whole message, in bytes
)

// A Message is one datagram.
type Message struct {
	Op         Op
	Number     uint32 // of the request; a reply has that of its query
	Options    uint32 // flags
	OptionData uint32
	Sender     uint32 // IPv4 address of the sender, of no use
	Requester  uint32 // IPv4 address of whoever asked the sender, in queries; mostly 0
	URL        string // raw; no NUL in it
}

// Errors of [Parse] that tell why a datagram is passed over.
var (
	ErrVersion = errors.New("not version 2 of ICP")
	ErrFormat  = errors.New("no ICP message")
)

// Parse reads a datagram. A message has exactly the length that it says, and a URL
// that ends with the one NUL that is its last byte, as Squid wants it of replies since
// 7.5. An object behind a URL (HIT_OBJ) is not read. The error is [ErrVersion] or wraps
// [ErrFormat].
func Parse(datagram []byte) (Message, error) {
	if len(datagram) < header || len(datagram) > MaxLength {
		return Message{}, fmt.Errorf("%w: %d bytes, must be from %d to %d", ErrFormat, len(datagram), header, MaxLength)
	}
	if datagram[1] != version {
		return Message{}, ErrVersion
	}
	if n := int(binary.BigEndian.Uint16(datagram[2:])); n != len(datagram) {
		return Message{}, fmt.Errorf("%w: it says that it has %d bytes and has %d", ErrFormat, n, len(datagram))
	}
	m := Message{
		Op:         Op(datagram[0]),
		Number:     binary.BigEndian.Uint32(datagram[4:]),
		Options:    binary.BigEndian.Uint32(datagram[8:]),
		OptionData: binary.BigEndian.Uint32(datagram[12:]),
		Sender:     binary.BigEndian.Uint32(datagram[16:]),
	}
	payload := datagram[header:]
	if m.Op == HitObj {
		return Message{}, fmt.Errorf("%w: it holds an object", ErrFormat)
	}
	if m.Op == Query {
		if len(payload) < requester {
			return Message{}, fmt.Errorf("%w: a query without its requester", ErrFormat)
		}
		m.Requester = binary.BigEndian.Uint32(payload)
		payload = payload[requester:]
	}
	url, ended := strings.CutSuffix(string(payload), "\x00")
	if !ended || strings.IndexByte(url, 0) >= 0 {
		return Message{}, fmt.Errorf("%w: no URL with one NUL at its end", ErrFormat)
	}
	m.URL = url
	return m, nil
}

// Append writes a message behind b. Its URL must be short enough, without NUL.
func (m Message) Append(b []byte) []byte {
	length := header + len(m.URL) + 1
	if m.Op == Query {
		length += requester
	}
	b = append(b, byte(m.Op), version)
	b = binary.BigEndian.AppendUint16(b, uint16(length))
	b = binary.BigEndian.AppendUint32(b, m.Number)
	b = binary.BigEndian.AppendUint32(b, m.Options)
	b = binary.BigEndian.AppendUint32(b, m.OptionData)
	b = binary.BigEndian.AppendUint32(b, m.Sender)
	if m.Op == Query {
		b = binary.BigEndian.AppendUint32(b, m.Requester)
	}
	b = append(b, m.URL...)
	return append(b, 0)
}
