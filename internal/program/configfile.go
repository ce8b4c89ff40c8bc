package program

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"mirrortracker/internal/ui"
)

// WriteConfig writes a commented configuration file, or to standard output for "-", and
// tells by which command it is checked. A file that exists is left alone.
func WriteConfig(env *ui.Env, file, commented, check string, asJSON bool) error {
	if file == "-" {
		_, err := io.WriteString(env.Stdout, commented)
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640) // it may hold a password
	if errors.Is(err, fs.ErrExist) {
		return ui.Hint(fmt.Errorf("%s exists already", file), "give another name, or move it away first")
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(commented)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	if asJSON {
		return env.JSON(map[string]string{"file": file})
	}
	_, err = fmt.Fprintf(env.Stdout, "wrote %s; next: change what you like in it, then %q\n", file, check+" "+file)
	return err
}
