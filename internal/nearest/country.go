package nearest

import (
	"strconv"
	"strings"
	"sync"

	"mirrortracker/internal/mirror"
)

// middles holds for each country of [mirror.Countries] the latitude and longitude of its
// middle in degrees, and the root mean square of how far from there its points are in
// km: sqrt(area/(2 pi)), as if it were a disc. From the fields "Geographic coordinates" and "Area"
// of The World Factbook, which is in the public domain.
const middles = `
ad 42.5 1.5 9  ae 24 54 115  af 33 65 322  ag 17.1 -61.8 8  ai 18.2 -63.2 4  al 41 20 68  am 40 45 69
ao -12.5 18.5 445  aq -90 0 1503  ar -34 -64 665  as -14.3 -170 6  at 47.3 13.3 116  au -27 133 1110
aw 12.5 -70 5  ax 60.2 20 16  az 40.5 47.5 117  ba 44 18 90  bb 13.2 -59.5 8  bd 24 90 154  be 50.8 4 70
bf 13 -2 209  bg 43 25 133  bh 26 50.5 11  bi -3.5 30 67  bj 9.5 2.2 134  bl 18.5 -63.4 2  bm 32.3 -64.8 3
bn 4.5 114.7 30  bo -17 -65 418  bq 12.2 -68.3 7  br -10 -55 1164  bs 24.2 -76 47  bt 27.5 90.5 78
bv -54.4 3.4 3  bw -22 24 304  by 53 28 182  bz 17.2 -88.8 60  ca 60 -95 1261  cc -12.5 96.8 1  cd 0 25 611
cf 7 21 315  cg -1 15 233  ch 47 8 81  ci 8 -5 227  ck -21.2 -159.8 6  cl -30 -71 347  cm 6 12 275
cn 35 105 1236  co 4 -72 426  cr 10 -84 90  cu 21.5 -80 133  cv 16 -24 25  cw 12.2 -69 8  cx -10.5 105.7 5
cy 35 33 38  cz 49.8 15.5 112  de 51 9 238  dj 11.5 43 61  dk 56 10 83  dm 15.4 -61.3 11  do 19 -70.7 88
dz 28 3 616  ec -2 -77.5 212  ee 59 26 85  eg 27 30 399  eh 24.5 -13 206  er 15 39 137  es 40 -4 284
et 8 38 419  fi 64 26 232  fj -18 175 54  fk -51.8 -59 44  fm 6.9 158.2 11  fo 62 -7 15  fr 46 2 320
ga -1 11.8 206  gb 54 -2 197  gd 12.1 -61.7 7  ge 42 43.5 105  gf 4 -53 115  gg 49.5 -2.6 4  gh 8 -2 195
gi 36.1 -5.3 1  gl 72 -40 587  gm 13.5 -16.6 42  gn 11 -10 198  gp 16.2 -61.6 16  gq 2 10 67  gr 39 22 145
gs -54.5 -37 25  gt 15.5 -90.2 132  gu 13.5 144.8 9  gw 12 -15 76  gy 5 -59 185  hk 22.2 114.2 13
hm -53.1 72.5 8  hn 15 -86.5 134  hr 45.2 15.5 95  ht 19 -72.4 66  hu 47 20 122  id -5 120 551  ie 53 -8 106
il 31.5 34.8 59  im 54.2 -4.5 10  in 20 77 723  io -6 71.5 3  iq 33 44 264  ir 32 53 512  is 65 -18 128
it 42.8 12.8 219  je 49.2 -2.2 4  jm 18.2 -77.5 42  jo 31 36 119  jp 36 138 245  ke 1 38 304  kg 41 75 178
kh 13 105 170  ki 1.4 173 11  km -12.2 44.2 19  kn 17.3 -62.8 6  kp 40 127 139  kr 37 127.5 126
kw 29.5 45.8 53  ky 19.5 -80.5 6  kz 48 68 659  la 18 105 194  lb 33.8 35.8 41  lc 13.9 -61 10  li 47.3 9.5 5
lk 7 81 102  lr 6.5 -9.5 133  ls -29.5 28.5 70  lt 56 24 102  lu 49.8 6.2 20  lv 57 25 101  ly 25 17 529
ma 28.5 -10 338  mc 43.7 7.4 1  md 47 29 73  me 42.5 19.3 47  mf 18.1 -64 3  mg -20 47 306  mh 9 168 5
mk 41.8 22 64  ml 17 -4 444  mm 22 98 328  mn 46 105 499  mo 22.2 113.5 2  mp 15.2 145.8 9  mq 14.7 -61 13
mr 20 -12 405  ms 16.8 -62.2 4  mt 35.8 14.6 7  mu -20.3 57.5 18  mv 3.2 73 7  mw -13.5 34 137  mx 23 -102 559
my 2.5 112.5 229  mz -18.2 35 357  na -22 17 362  nc -21.5 165.5 54  ne 16 8 449  nf -29 167.9 2  ng 10 8 383
ni 13 -85 144  nl 52.5 5.8 81  no 62 10 227  np 28 84 153  nr -0.5 166.9 2  nu -19 -169.9 6  nz -41 174 207
om 21 57 222  pa 9 -80 110  pe -10 -76 452  pf -15 -140 26  pg -6 147 271  ph 13 122 219  pk 30 70 356
pl 52 20 223  pm 46.8 -56.3 6  pn -25.1 -130.1 3  pr 18.2 -66.5 38  ps 32 35.2 31  pt 39.5 -8 121
pw 7.5 134.5 9  py -23 -58 254  qa 25.5 51.2 43  re -21.1 55.6 20  ro 46 25 195  rs 44 21 111  ru 60 100 1650
rw -2 30 65  sa 25 45 585  sb -8 159 68  sc -4.6 55.7 9  sd 15 30 544  se 62 15 268  sg 1.4 103.8 11
sh -15.9 -5.7 8  si 46.1 14.8 57  sj 78 20 99  sk 48.7 19.5 88  sl 8.5 -11.5 107  sm 43.8 12.4 3
sn 14 -14 177  so 10 49 319  sr 4 -56 161  ss 8 30 320  st 1 7 12  sv 13.8 -88.9 58  sx 18.1 -63.1 2
sy 35 38 173  sz -26.5 31.5 53  tc 21.8 -71.6 12  td 15 19 452  tf -37.8 77.5 35  tg 8 1.2 95  th 15 100 286
tj 39 71 151  tk -9 -172 1  tl -8.8 125.9 49  tm 40 60 279  tn 34 9 161  to -20 -175 11  tr 39 35 353
tt 11 -61 29  tv -8 178 2  tw 23.5 121 76  tz -6 35 388  ua 49 32 310  ug 1 32 196  um 5.9 -162.1 2
us 38 -97 1251  uy -33 -56 167  uz 41 64 267  va 41.9 12.4 0  vc 13.2 -61.2 8  ve 8 -66 381  vg 18.5 -64.5 5
vi 18.3 -64.8 17  vn 16.2 107.8 230  vu -16 167 44  wf -13.3 -176.2 5  ws -13.6 -172.3 21  xk 42.6 21 42
ye 15 48 290  yt -12.8 45.2 8  za -29 24 440  zm -15 30 346  zw -20 30 249`

// countrySpots is middles by country.
var countrySpots = sync.OnceValue(func() map[string]Spot {
	spots := map[string]Spot{}
	fields := strings.Fields(middles)
	number := func(i int) float64 {
		n, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			panic("nearest: internal error: " + err.Error())
		}
		return n
	}
	for i := 0; i < len(fields); i += 4 {
		spots[fields[i]] = Spot{mirror.Place{Latitude: number(i + 1), Longitude: number(i + 2)}, number(i + 3), true}
	}
	return spots
})
