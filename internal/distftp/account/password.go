package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
)

// Cost is what one computation of argon2id takes (RFC 9106).
type Cost struct {
	Time    uint32 // passes over the memory
	Memory  uint32 // KiB
	Threads uint8
}

// DefaultCost takes some hundredths of a second and 64 MiB.
var DefaultCost = Cost{Time: 1, Memory: 64 << 10, Threads: 4}

// maxCost bounds what a stored hash may ask for.
var maxCost = Cost{Time: 64, Memory: 1 << 20, Threads: 64}

// The lengths of what is in a hash, in bytes.
const (
	saltLength = 16
	sumLength  = 32
	minSum     = 16 // of hashes that others made
	maxSum     = 64
)

// MaxPassword bounds a password, in bytes: the longest line that FTP servers take.
const MaxPassword = 512

// A Hasher makes and checks the hashes of passwords. The memory that this takes is
// bounded for all that do it at the same time; others wait. It is the way to log in that
// costs a server most, so whoever tries many passwords at once must not get more of it.
type Hasher struct {
	cost   Cost
	memory int64 // KiB, in all
	free   *semaphore.Weighted
	decoy  string // a hash that no password has

	waiting atomic.Int64
}

// NewHasher returns a hasher that makes hashes of this cost, and computes so many of them
// at a time.
func NewHasher(cost Cost, atATime int) *Hasher {
	memory := int64(cost.Memory) * int64(atATime)
	h := &Hasher{cost: cost, memory: memory, free: semaphore.NewWeighted(memory)}
	h.decoy = encode(cost, make([]byte, saltLength), make([]byte, sumLength))
	return h
}

// Hash returns the hash of a password with a salt of its own, in PHC form:
// $argon2id$v=19$m=65536,t=1,p=4$SALT$SUM.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := ValidPassword(password); err != nil {
		return "", err
	}
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // which never fails
	sum, err := h.compute(ctx, password, salt, h.cost, sumLength)
	if err != nil {
		return "", err
	}
	return encode(h.cost, salt, sum), nil
}

// Verify reports whether a hash is that of a password. A hash that is empty is nobody's,
// which takes as long to find out as that the password is wrong. An error is of the
// context, or says that the hash is none.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	somebody := hash != ""
	if !somebody {
		hash = h.decoy
	}
	cost, salt, want, err := decode(hash)
	if err != nil {
		return false, err
	}
	sum, err := h.compute(ctx, password, salt, cost, len(want))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, want) == 1 && somebody, nil
}

// Waiting returns how many computations wait for memory now.
func (h *Hasher) Waiting() int { return int(h.waiting.Load()) }

// compute waits until there is memory.
func (h *Hasher) compute(ctx context.Context, password string, salt []byte, cost Cost, length int) ([]byte, error) {
	need := min(int64(cost.Memory), h.memory)
	h.waiting.Add(1)
	err := h.free.Acquire(ctx, need)
	h.waiting.Add(-1)
	if err != nil {
		return nil, fmt.Errorf("wait for other logins: %w", err)
	}
	defer h.free.Release(need)
	return argon2.IDKey([]byte(password), salt, cost.Time, cost.Memory, cost.Threads, uint32(length)), nil
}

// ValidPassword says why a text cannot be a password; the error does not show it.
func ValidPassword(password string) error {
	switch {
	case password == "":
		return errors.New("the password is empty")
	case len(password) > MaxPassword:
		return fmt.Errorf("the password has more than %d bytes", MaxPassword)
	case strings.ContainsAny(password, "\x00\r\n"):
		return errors.New("the password holds a control character that no client can send")
	}
	return nil
}

// coding is what the PHC form has for salts and sums.
var coding = base64.RawStdEncoding

func encode(c Cost, salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Time, c.Threads,
		coding.EncodeToString(salt), coding.EncodeToString(sum))
}

var errNoHash = errors.New("what is stored as the password's hash is not one of argon2id; set the password again")

// decode is the reverse of encode.
func decode(hash string) (c Cost, salt, sum []byte, err error) {
	fields := strings.Split(hash, "$")
	if len(fields) != 6 {
		return Cost{}, nil, nil, errNoHash
	}
	_, badCost := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads)
	salt, badSalt := coding.DecodeString(fields[4])
	sum, badSum := coding.DecodeString(fields[5])
	switch {
	case badCost != nil || badSalt != nil || badSum != nil || encode(c, salt, sum) != hash:
		return Cost{}, nil, nil, errNoHash
	case c.Time == 0 || c.Threads == 0 || c.Time > maxCost.Time || c.Memory > maxCost.Memory || c.Threads > maxCost.Threads:
		return Cost{}, nil, nil, errNoHash
	case len(sum) < minSum || len(sum) > maxSum:
		return Cost{}, nil, nil, errNoHash
	}
	return c, salt, sum, nil
}
