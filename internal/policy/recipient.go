package policy

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"
)

// minRSABits is the smallest RSA key to which a backup may be encrypted: the
// limit of age, and of the policies that Steward keeps.
const minRSABits = 2048

func recipientKind() kind[string] {
	return kind[string]{
		Form: "a public key to encrypt to, age1… or ssh-rsa … of 2048 bits or more",
		Parse: func(text string) (string, error) {
			if strings.HasPrefix(text, "ssh-rsa ") {
				return text, checkRSA(text)
			}
			if _, err := age.ParseX25519Recipient(text); err != nil {
				return "", errors.New("it is neither a valid age1… key nor an ssh-rsa key")
			}
			return text, nil
		},
	}
}

// checkRSA refuses an ssh-rsa line that is damaged or too short.
func checkRSA(text string) error {
	public, _, _, _, err := //nolint:dogsled // comment, options and rest mean nothing to a backup
		ssh.ParseAuthorizedKey([]byte(text))
	if err == nil {
		if crypto, ok := public.(ssh.CryptoPublicKey); ok {
			if key, ok := crypto.CryptoPublicKey().(*rsa.PublicKey); ok {
				return checkBits(key.N.BitLen())
			}
		}
	}
	return errors.New("the ssh-rsa key is damaged, or is a key of another kind")
}

func checkBits(bits int) error {
	if bits < minRSABits {
		return fmt.Errorf("the ssh-rsa key has %d bits, and %d are the least", bits, minRSABits)
	}
	return nil
}
