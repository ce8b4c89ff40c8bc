package world

import "net/netip"

// A Client asks for files.
type Client struct {
	Addr   netip.Addr
	Prefix netip.Prefix
	City   City
	AS     uint32
}

// A City is where sites and clients are.
type City struct {
	Name                string
	Country             string // ISO 3166, lower case
	Latitude, Longitude float64
}

// cities are all of them.
var cities = []City{
	{"Amsterdam", "nl", 52.37, 4.90}, {"Athens", "gr", 37.98, 23.73}, {"Auckland", "nz", -36.85, 174.76}, {"Bangkok", "th", 13.76, 100.50},
	{"Beijing", "cn", 39.90, 116.41}, {"Berlin", "de", 52.52, 13.41}, {"Bogota", "co", 4.71, -74.07}, {"Boston", "us", 42.36, -71.06},
	{"Brno", "cz", 49.20, 16.61}, {"Bucharest", "ro", 44.43, 26.10}, {"Budapest", "hu", 47.50, 19.04}, {"Buenos Aires", "ar", -34.60, -58.38},
	{"Cairo", "eg", 30.04, 31.24}, {"Chicago", "us", 41.88, -87.63}, {"Curitiba", "br", -25.43, -49.27}, {"Dublin", "ie", 53.35, -6.26},
	{"Falkenstein", "de", 50.48, 12.37}, {"Frankfurt", "de", 50.11, 8.68}, {"Helsinki", "fi", 60.17, 24.94}, {"Hong Kong", "hk", 22.32, 114.17},
	{"Istanbul", "tr", 41.01, 28.98}, {"Jakarta", "id", -6.21, 106.85}, {"Johannesburg", "za", -26.20, 28.05}, {"Kyiv", "ua", 50.45, 30.52},
	{"Lisbon", "pt", 38.72, -9.14}, {"London", "gb", 51.51, -0.13}, {"Madrid", "es", 40.42, -3.70}, {"Melbourne", "au", -37.81, 144.96},
	{"Milan", "it", 45.46, 9.19}, {"Moscow", "ru", 55.76, 37.62}, {"Mumbai", "in", 19.08, 72.88}, {"Nairobi", "ke", -1.29, 36.82},
	{"Osaka", "jp", 34.69, 135.50}, {"Oslo", "no", 59.91, 10.75}, {"Paris", "fr", 48.86, 2.35}, {"San Francisco", "us", 37.77, -122.42},
	{"Seoul", "kr", 37.57, 126.98}, {"Singapore", "sg", 1.35, 103.82}, {"Sofia", "bg", 42.70, 23.32}, {"Stockholm", "se", 59.33, 18.07},
	{"Taipei", "tw", 25.03, 121.57}, {"Tokyo", "jp", 35.68, 139.65}, {"Toronto", "ca", 43.65, -79.38}, {"Umea", "se", 63.83, 20.26},
	{"Vienna", "at", 48.21, 16.37}, {"Warsaw", "pl", 52.23, 21.01}, {"Zurich", "ch", 47.38, 8.54},
}

// Clients returns so many clients, evenly in so many prefixes of 256 addresses, each of
// which is in one of the cities.
func (p Params) Clients(count, prefixes int) []Client {
	all := make([]Client, 0, count)
	for i := range count {
		n := i % prefixes
		r := p.random("prefix", n)
		addr := netip.AddrFrom4([4]byte{44, byte(n >> 8), byte(n), byte(1 + i/prefixes%254)})
		all = append(all, Client{addr, netip.PrefixFrom(addr, 24).Masked(), pick(&r, cities), uint32(64512 + r.below(100))})
	}
	return all
}
