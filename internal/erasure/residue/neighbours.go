package residue

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// joints are the signs that join parts of an address or of a word, and end a sentence or begin an entry of a list as well.
const joints = "._-+"

// before is the letter that stands before a place of a text; 0 where none does: at the beginning, and where what stands there is written
// for something else, such as the n of \n and the C of %3C, and is no part of a word.
func before(text []byte, at int) rune {
	letter, length := utf8.DecodeLastRune(text[:at])

	switch {
	case length == 0 || percent(text, at-len("%3C")):
		return 0
	case at > 1 && text[at-2] == '\\' && unicode.IsLetter(letter):
		return 0
	default:
		return letter
	}
}

// after is the letter that stands at a place of a text, in the same way.
func after(text []byte, at int) rune {
	letter, length := utf8.DecodeRune(text[at:])
	if length == 0 || percent(text, at) {
		return 0
	}

	return letter
}

// percent says that a sign stands at a place as addresses of the web write it, such as %3C.
func percent(text []byte, at int) bool {
	const length = len("%3C")

	return at >= 0 && at+length <= len(text) && text[at] == '%' && isHex(text[at+1]) && isHex(text[at+2])
}

func isHex(b byte) bool { return isDigit(b) || 'a' <= b|0x20 && b|0x20 <= 'f' }

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// isWord are the letters of which words and addresses are made, whatever stands beside them. What is no letter at all, such as one half
// of another encoding, is none: to find one too many is safe.
func isWord(letter rune) bool {
	if letter < utf8.RuneSelf {
		return 'a' <= letter|0x20 && letter|0x20 <= 'z' || '0' <= letter && letter <= '9' || letter == '%' || letter == '@'
	}

	return letter != utf8.RuneError && (unicode.IsLetter(letter) || unicode.IsNumber(letter) || unicode.IsMark(letter))
}

func isJoint(letter rune) bool { return letter != 0 && strings.ContainsRune(joints, letter) }

// joinedBefore says that a word, or a part of one with joints behind it, ends where a place begins.
func joinedBefore(text []byte, at int) bool {
	letter := before(text, at)
	for isJoint(letter) {
		at--
		letter = before(text, at)
	}

	return isWord(letter)
}

// joinedAfter says that one begins at a place.
func joinedAfter(text []byte, at int) bool {
	letter := after(text, at)
	for isJoint(letter) {
		at++
		letter = after(text, at)
	}

	return isWord(letter)
}
