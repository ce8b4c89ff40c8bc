package list

// AppendName appends a line of NLST: the name, after the directory as the client
// wrote it (empty for the current one), so that the line can be used as an argument
// of RETR.
func AppendName(b []byte, dir, name string) []byte {
	b = append(b, dir...)
	if dir != "" && dir[len(dir)-1] != '/' {
		b = append(b, '/')
	}
	b = append(b, name...)
	return append(b, '\r', '\n')
}
