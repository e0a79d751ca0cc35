package credential

import (
	"net/netip"
	"strconv"
	"testing"
	"time"
)

func at(seconds int) time.Time {
	return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

// Ten are free, each further one waits longer, the longest stay is bounded, and
// waiting is forgiven.
func TestTheWaitGrowsAndEnds(t *testing.T) {
	t.Parallel()

	all, from := newStrikes(), netip.MustParseAddr("192.0.2.1")

	for n := range strikeBurst {
		if wait := all.strike(from, "", at(0)); wait != 0 {
			t.Fatalf("the wrong credential %d waits %s", n, wait)
		}
	}

	before := all.waiting(from, at(0))

	for range 1000 {
		wait := all.strike(from, "", at(0))
		if wait < before || wait > longestStay || wait == 0 {
			t.Fatalf("%s after %s", wait, before)
		}

		before = wait
	}

	if before != longestStay || all.waiting(from, at(1)) != longestStay-time.Second {
		t.Errorf("%s, then %s", before, all.waiting(from, at(1)))
	}

	if wait := all.strike(from, "", at(int((longestStay+strikeBurst*strikeEvery)/time.Second))); wait != 0 {
		t.Errorf("after the time: %s", wait)
	}
}

// What counts as one sender: an IPv4 address however it is written, the half of an
// IPv6 address that a customer has, whoever nobody knows the address of.
func TestBlocks(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		one, other string
		same       bool
	}{
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"2001:db8::1", "2001:db8::2", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
	} {
		if block(netip.MustParseAddr(test.one)) == block(netip.MustParseAddr(test.other)) != test.same {
			t.Errorf("%s and %s", test.one, test.other)
		}
	}

	if block(netip.Addr{}) != (netip.Prefix{}) {
		t.Error(block(netip.Addr{}))
	}
}

// An id is slowed from wherever it is tried, and others are not.
func TestIDsAreSlowed(t *testing.T) {
	t.Parallel()

	all, wait := newStrikes(), time.Duration(0)
	for n := range strikeBurst + 1 {
		wait = all.strike(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), "key_a", at(0))
	}

	if wait == 0 || all.strike(netip.MustParseAddr("10.1.0.1"), "key_b", at(0)) != 0 {
		t.Error(wait)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()

	all := newStrikes()
	for n := range strikesKept + 1000 {
		all.strike(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), strconv.Itoa(n), at(0))
	}

	if len(all.from) != strikesKept || len(all.ids) != strikesKept {
		t.Errorf("%d addresses, %d ids", len(all.from), len(all.ids))
	}
}

func TestSlowedSaysWholeSeconds(t *testing.T) {
	t.Parallel()

	for wait, want := range map[time.Duration]time.Duration{
		time.Nanosecond: time.Second, time.Second: time.Second, 1500 * time.Millisecond: 2 * time.Second,
	} {
		slowed := &Slowed{After: wait}
		if got := slowed.RetryAfter(); got != want || slowed.Error() != "come again in "+want.String() {
			t.Errorf("%s: %s", wait, slowed)
		}
	}
}

// A roster knows nothing beyond its lease, nor what it has no room for.
func TestTheLease(t *testing.T) {
	t.Parallel()

	known := newRoster()
	if known.extend(at(100)) {
		t.Error("nothing counts for longer")
	}

	if _, certain := known.find("key_a", at(0)); certain {
		t.Error("it knows before it learned")
	}

	learn := func(records []record, until time.Time) {
		if !known.learn(known.begin(), records, until) {
			t.Error("it does not learn")
		}
	}

	learn([]record{{id: "key_a"}}, at(3))

	if !known.extend(at(5)) {
		t.Error("what was learned does not count for longer")
	}

	for second, want := range map[int]bool{0: true, 4: true, 5: false} {
		have, certain := known.find("key_a", at(second))
		if _, absent := known.find("key_b", at(second)); certain != want || absent != want || want && have == nil {
			t.Errorf("%d: %v, %v", second, certain, absent)
		}
	}

	learn(make([]record, rosterLimit), at(9))

	if _, certain := known.find("key_b", at(6)); certain {
		t.Error("an id beyond the limit does not exist")
	}

	learn([]record{{id: "key_a"}}, at(9))

	turn := known.begin()

	known.forget()

	if known.extend(at(10)) {
		t.Error("what is forgotten counts for longer")
	}

	if known.learn(turn, []record{{id: "key_a"}}, at(9)) || !known.knew("key_a") || known.knew("key_b") {
		t.Error("what was read before the change is learned after it")
	}

	if _, certain := known.find("key_a", at(6)); certain {
		t.Error("what is forgotten is known")
	}
}
