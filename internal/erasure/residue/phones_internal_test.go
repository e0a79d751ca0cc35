package residue

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A phone number is found however it is written: with signs between its digits, with + or 00 before it, and not within a longer
// number or a word.
func TestAPhoneNumberIsFoundAsItIsWritten(t *testing.T) {
	t.Parallel()

	looked := newPhones(7, []string{"00442079460977", "20794609"})

	for text, want := range map[string]int{
		"442079460977": 1, "+442079460977": 1, "00442079460977": 1, "00 44 20 7946 0977": 1, "+44 20 7946 0977": 1, "0044-20-7946-0977": 1,
		"44.20.7946.0977": 1, "+44 (20) 7946/0977": 1, "tel:+44-20-7946-0977;": 1, "+44 20\u00a07946\u202f0977": 1, "44\u201120\u201379460977": 1,
		"call 44 2079460977.": 1, "(+44)2079460977": 1, "442079460977, 442079460977": 2, "+44 - 20 7946 0977": 1, "44     2079460977": 0, "(+44) - 2079460977": 1,
		"4420794609771": 0, "1442079460977": 0, "442079460978": 0, "44 20 7946 0977 1": 1, "3 44 20 7946 0977": 1, "44,2079460977": 0,
		"44\t2079460977": 0, "44 20 7946 097": 0, "x442079460977": 0, `line\n442079460977\nline`: 1, "442079460977@s.example.net": 1, "sip:+442079460977@example.com": 1, "@442079460977": 1, "442079460977.jpg": 0,
		"“442079460977”": 1, "call 442079460977…": 1, "…442079460977": 1, "\u202a+44 20 7946 0977\u202c": 1, "（442079460977）": 1, "、442079460977。": 1,
		"?to=%2B442079460977&x": 1, "?to=%20442079460977%20": 1, "%442079460977": 0, "Tel.442079460977": 1, "Tel.: 442079460977": 1, "fax_442079460977": 0,
		"_442079460977_": 1, "- 442079460977 -": 1, "+44 (0) 20 7946 0977": 1, "+44(0)2079460977": 1, "+44 (0)20-7946-0977": 1, "+44 (0) (0) 2079460977": 0,
		"44 (1) 2079460977": 0, "+44 020 7946 0977": 0, "44\u22122079460977": 1, "2026-11-23 20:79:46.09": 0, "٣442079460977": 0,
		"0.442079460977": 0, "442079460977.5": 0, "order-442079460977": 0, "20794609-0977-4abc": 0, "tel\u00a0442079460977\u00a0x": 1,
		"é442079460977": 0, "442079460977é": 0, "20 79 46 09": 1, "20794609": 1, "": 0, "7": 0, "nothing here, or anywhere": 0, "https://x/442079460977/y": 1,
	} {
		hits := looked.find([]byte(text))
		if len(hits) != want {
			t.Errorf("%q: %d, want %d", text, len(hits), want)
		}

		for _, one := range hits {
			if owner := looked.ownersOf(one)[0]; owner != 7 && owner != 8 || text[one.at] != '4' && text[one.at] != '2' {
				t.Errorf("%q: owner %d at %d", text, owner, one.at)
			}
		}
	}
}

// Whatever stands around it and between its digits, a number is found, and what skips most of a text finds as much as looking at each place.
func TestNoPhoneNumberIsSkipped(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`0?[1-9][0-9]{7,11}`)
		numbers := rapid.SliceOfN(digits, 1, 3).Draw(t, "numbers")
		gap := rapid.SampledFrom([]string{"", "", " ", ".", "-", "(", ") ", "\u00a0", " - "})
		text, written := &strings.Builder{}, 0

		for range rapid.IntRange(0, 6).Draw(t, "pieces") {
			text.WriteString(rapid.SampledFrom([]string{"; ", "word ", "1, ", "2026, ", "x: +", `a\n`, strings.Repeat("word ", 9), "é, "}).Draw(t, "between"))

			for _, digit := range rapid.SampledFrom(numbers).Draw(t, "number") {
				text.WriteString(string(digit) + gap.Draw(t, "gap"))
			}

			written++

			text.WriteString(";")
		}

		if got := len(newPhones(0, numbers).find([]byte(text.String()))); got < written {
			t.Fatalf("%q in %q: %d, want %d", numbers, text, got, written)
		}
	})
}
