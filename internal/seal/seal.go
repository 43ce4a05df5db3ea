// Package seal keeps secrets of others, such as signing keys and access keys of
// endpoints, unreadable in the log: AES-256-GCM under a key that never leaves
// this installation's key file.
//
// What is sealed is bound to where it belongs: moved to another place it does
// not open. A ring holds several keys, of which the first seals; the others open
// what was sealed before the key was changed.
package seal

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// keyBytes is the size of a key.
const keyBytes = 32

// hintFrom is the length from which on a secret shows its last characters.
const hintFrom = 16

// Ring is the keys of an installation. It is safe for concurrent use.
type Ring struct {
	current string
	keys    map[string]cipher.AEAD
}

// Load reads a key file: one key a line, its id and 64 hex digits. The first one
// seals. It fails when the file is missing, is readable by others, or holds
// anything else.
func Load(path string) (*Ring, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s: others can read it; its mode must be 0600", path)
	}
	f, err := os.Open(path) //nolint:gosec // the operator named it
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer func() { _ = f.Close() }()
	r := &Ring{keys: map[string]cipher.AEAD{}}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := r.add(line); err != nil {
			return nil, fmt.Errorf("key file %s, line %d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if r.current == "" {
		return nil, fmt.Errorf("key file %s: there is no key in it", path)
	}
	return r, nil
}

func (r *Ring) add(line string) error {
	id, digits, _ := strings.Cut(line, " ")
	key, err := hex.DecodeString(strings.TrimSpace(digits))
	if err != nil || len(key) != keyBytes || id == "" {
		return errors.New("is not an id and 64 hex digits") // shows nothing of the key
	}
	if r.keys[id] != nil {
		return fmt.Errorf("key %q is there twice", id)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	if r.keys[id], err = cipher.NewGCM(block); err != nil {
		return err
	}
	if r.current == "" {
		r.current = id
	}
	return nil
}

// LoadOrCreate is Load of a file that is made, with one key, when it is missing.
func LoadOrCreate(path string) (*Ring, error) {
	r, err := Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	key := make([]byte, keyBytes)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	id := make([]byte, 4)
	if _, err := rand.Read(id); err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if err := write(path, fmt.Sprintf("%x %x\n", id, key)); err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return Load(path)
}

// write makes a file that is whole or not there, also after a power loss.
func write(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Link(f.Name(), path) // fails when another process was first
}

// Seal makes a secret unreadable. Where it belongs is needed to open it.
func (r *Ring) Seal(secret []byte, where string) (*deliveryv1.Sealed, error) {
	aead := r.keys[r.current]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(secret)+aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	s := &deliveryv1.Sealed{KeyId: r.current, Box: aead.Seal(nonce, nonce, secret, []byte(where))}
	if len(secret) >= hintFrom {
		s.Hint = string(secret[len(secret)-4:])
	}
	return s, nil
}

// Open returns a secret; nil of one that is absent. It fails when the key is not
// in the ring, or the secret was sealed for another place.
func (r *Ring) Open(s *deliveryv1.Sealed, where string) ([]byte, error) {
	if s == nil {
		return nil, nil
	}
	aead := r.keys[s.GetKeyId()]
	if aead == nil {
		return nil, fmt.Errorf("open secret: key %q is not in the key file", s.GetKeyId())
	}
	box := s.GetBox()
	if len(box) < aead.NonceSize() {
		return nil, errors.New("open secret: too short")
	}
	secret, err := aead.Open(nil, box[:aead.NonceSize()], box[aead.NonceSize():], []byte(where))
	if err != nil {
		return nil, errors.New("open secret: it was sealed for another place, or with another key of that id")
	}
	return secret, nil
}

// Current is the id of the key that seals.
func (r *Ring) Current() string { return r.current }
