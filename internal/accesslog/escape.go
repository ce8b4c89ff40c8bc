package accesslog

const lowerHex = "0123456789abcdef"

// AppendQuoted appends what stands between two double quotes, "-" where there is
// nothing, as Apache's httpd does: quotes, backslashes, control characters and
// bytes beyond ASCII are written as \xHH.
func AppendQuoted(line []byte, text string) []byte {
	if text == "" {
		return append(line, '-')
	}
	begin := 0
	for i := range len(text) {
		c := text[i]
		if plain(c) {
			continue
		}
		line = append(line, text[begin:i]...)
		line = append(line, '\\', 'x', lowerHex[c>>4], lowerHex[c&15])
		begin = i + 1
	}
	return append(line, text[begin:]...)
}

// AppendJSON appends a JSON string, its quotes included. A byte beyond ASCII is
// written as the character of that number, since what clients send need not be
// UTF-8.
func AppendJSON(line []byte, text string) []byte {
	line = append(line, '"')
	begin := 0
	for i := range len(text) {
		c := text[i]
		if plain(c) {
			continue
		}
		line = append(line, text[begin:i]...)
		line = append(line, '\\', 'u', '0', '0', lowerHex[c>>4], lowerHex[c&15])
		begin = i + 1
	}
	line = append(line, text[begin:]...)
	return append(line, '"')
}

// plain reports whether a byte stands for itself in both forms.
func plain(c byte) bool { return c >= ' ' && c < 0x7f && c != '"' && c != '\\' }
