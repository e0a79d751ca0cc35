//nolint:mnd,goconst,gochecknoglobals,gosmopolitan,lll // an invented world is made of arbitrary numbers and words; names would not explain them; people write in any script
package demoapp

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

type country struct{ code, zone, currency string }

// The tables below are what invented texts are made of; they are never changed.
var (
	tiers     = []string{"free", "free", "growth", "growth", "growth", "scale", "enterprise"}
	countries = []country{
		{"DE", "Europe/Berlin", "EUR"},
		{"FR", "Europe/Paris", "EUR"},
		{"US", "America/New_York", "USD"},
		{"GB", "Europe/London", "GBP"},
		{"JP", "Asia/Tokyo", "JPY"},
		{"PL", "Europe/Warsaw", "PLN"},
		{"BR", "America/Sao_Paulo", "BRL"},
		{"IN", "Asia/Kolkata", "INR"},
	}
	firstNames = []string{
		"Ada", "Björn", "Chloé", "Dörte", "Emre", "Fatima", "Goran", "Hye-jin", "Inès", "Jürgen", "Kwame", "Łucja",
		"Mónica", "Nguyễn", "Oluwaseun", "Priya", "Quentin", "Renée", "Søren", "Tomáš", "Ülkü", "Vasiliki", "Wanjiru",
		"Xóchitl", "Yuki", "Zoë", "美咲", "Дмитрий", "עדי", "نور",
	}
	lastNames = []string{
		"Abernathy-Quill", "Böttcher", "Castañeda", "D'Arcy", "Einarsdóttir", "Fåhræus", "Grünwald", "Håkansson",
		"Ivanić", "Jørgensen", "Kowalczyk", "L'Écuyer", "Müller", "Ñuñez", "O'Shaughnessy", "Přibyl", "Quispe",
		"Rasmussen", "Šimůnek", "Târgoviște", "Usman", "van der Berg", "Wójcik", "Yıldız", "Žižek", "佐藤",
	}
	companyWords = []string{
		"Nordlicht", "Café", "Blue Heron", "Atelier", "Kestrel", "Ōsaka", "Pinecone", "Meridian", "Süd", "Lantern",
		"Harbour", "Obsidian", "Tangerine", "Birch", "Copper", "Velvet", "Juniper", "Solstice",
	}
	companyKinds = []string{"Ceramics", "Outdoor GmbH", "Books Ltd", "Coffee & Co.", "Wines S.A.", "Bikes", "Skincare", "Toys"}
	prose        = strings.Fields(`the visitor closed popup before discount code appeared and we changed delay to eight
		seconds because mobile users scroll faster than expected please check consent text for spring campaign it should
		mention newsletter only once our team prefers blue variant with shorter headline but conversion on product pages
		went down after update could you export leads from last month into spreadsheet customer asked about invoice for
		second site shipping banner overlaps cookie notice in Safari test again tomorrow thanks first order free returns
		limited stock weekend sale exit intent trigger frequency cap per session segment returning buyers abandoned cart
		reminder wheel countdown timer survey question answer feedback rating support replied quickly fixed within hour`)
	browsers = []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.%d.%d Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_%[1]d like Mac OS X) AppleWebKit/605.1.%[2]d (KHTML, like Gecko) Version/17.%[3]d Mobile Safari/604.1",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/%d.1 (KHTML, like Gecko) Version/%d.%d Safari/605.1.15",
		"Mozilla/5.0 (Linux; Android 14; Pixel %d) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1%d.0.0.%d Mobile Safari/537.36",
		"Mozilla/5.0 (X11; Linux x86_64; rv:%d.%d) Gecko/20100101 Firefox/%d",
	}
	devices    = []string{"phone", "phone", "desktop", "tablet", "desktop", "desktop"}
	pages      = []string{"/", "/products/ceramic-mug", "/products/trail-shoe?color=red", "/cart", "/blog/how-we-roast", "/sale", "/collections/new", "/checkout/shipping"}
	referrers  = []string{"", "", "https://search.example/?q=gift", "https://news.example/today", "https://social.example/p/91"}
	tagWords   = []string{"Spring", "exit intent", "A/B", "Québec", "newsletter", "VIP", "50% off", "Zürich"}
	scopes     = []string{"leads:read", "campaigns:write", "displays:read", "webhooks:manage"}
	topics     = []string{"pricing", "returns", "wholesale", "gift cards", "opening hours", "press"}
	mailHosts  = []string{"example.com", "example.org", "example.net", "mail.test", "post.test"}
	eventKinds = []string{"submitted", "opened", "clicked", "synced"}
)

// sentence is n words of prose with a full stop.
func sentence(r *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(pick(r, prose))
	}
	b.WriteByte('.')
	return b.String()
}

// paragraphs is about size bytes of prose, with what breaks careless readers in between.
func paragraphs(r *rand.Rand, size int) string {
	seams := []string{"\n", "\n\n", " ", "\t", " C:\\temp\\new ", "\r\n", " \\N \\. ", " ${x} 'quoted' \"double\" ", " 🙂 "}
	var b strings.Builder
	for b.Len() < size {
		b.WriteString(sentence(r, 6+r.IntN(12)))
		b.WriteString(pick(r, seams))
	}
	return b.String()
}

// person is one invented individual; the same number is the same person everywhere.
type person struct{ name, email, phone string }

func (p *plan) person(number int64) person {
	r := p.rng("person", number)
	first, last := pick(r, firstNames), pick(r, lastNames)
	phone := fmt.Sprintf("+1 202 555 %04d", 100+r.IntN(70))
	if chance(r, 50) {
		phone = fmt.Sprintf("+44 7700 900%03d", r.IntN(1000))
	}
	return person{
		name: first + " " + last, phone: phone,
		email: fmt.Sprintf("%s.%d@%s", strings.ToLower(lastNames[r.IntN(len(lastNames))][:1])+pick(r, prose), number, pick(r, mailHosts)),
	}
}

// uuid writes a random (version 4) identifier.
func uuid(r *rand.Rand) string { return formatUUID(r.Uint64(), r.Uint64()) }

func formatUUID(high, low uint64) string {
	const version, variant = 0x4000, 0x8000_0000_0000_0000
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], high&^0xf000|version)
	binary.BigEndian.PutUint64(raw[8:], low&^0xc000_0000_0000_0000|variant)
	out := make([]byte, 0, 36)
	for i, end := range []int{4, 6, 8, 10, 16} {
		if i > 0 {
			out = append(out, '-')
		}
		start := []int{0, 4, 6, 8, 10}[i]
		out = hex.AppendEncode(out, raw[start:end])
	}
	return string(out)
}

// address is of a documentation range; 203.0.113.0/24 is left to the canaries.
func address(r *rand.Rand) string {
	switch n := r.IntN(512); {
	case n < 200:
		return fmt.Sprintf("192.0.2.%d", r.IntN(256))
	case n < 400:
		return fmt.Sprintf("198.51.100.%d", r.IntN(256))
	default:
		return fmt.Sprintf("2001:db8:%x:%x::%x", r.IntN(1<<16), 1+r.IntN(1<<8), 1+r.IntN(1<<16-1))
	}
}

// agents is a fixed set of user agents: real ones repeat.
func (p *plan) agents() []string {
	const distinct = 400
	r := p.rng("agents", 0)
	all := make([]string, distinct)
	for i := range all {
		all[i] = fmt.Sprintf(browsers[i%len(browsers)], 100+r.IntN(40), r.IntN(7000), r.IntN(200))
	}
	return all
}

func (p *plan) agent(r *rand.Rand) string {
	return fmt.Sprintf(pick(r, browsers), 100+r.IntN(40), r.IntN(70), r.IntN(20))
}
