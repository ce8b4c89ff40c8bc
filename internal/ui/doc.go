// Package ui is what people see of the programs. Its rules:
//
//   - Results go to standard output and nothing else does. Progress, logs and
//     errors go to standard error.
//   - On a terminal a table is drawn, with numbers to the right and in human
//     units. Elsewhere its rows are lines, the headings the first of them, its
//     cells are separated by tabs, and numbers are plain, so that it can be cut
//     and sorted. With --json there is JSON, whatever standard output is.
//   - Progress is drawn on a terminal, one line for each site. Elsewhere it is a
//     log line now and then. It is never both: what is logged meanwhile appears
//     above the drawing.
//   - Names from servers are raw bytes. A terminal gets them with control
//     characters replaced; everything else gets them as they are, and JSON, which
//     is not made of bytes, gets paths escaped as in URLs.
//   - Messages are lower case and have no full stop. An error names the thing at
//     fault; where something can be done about it, a line "hint: ..." says what.
//   - Colour is used on a terminal only, and never if NO_COLOR is set
//     (https://no-color.org) or TERM is "dumb".
//   - The exit code is 0 if all was done, 1 if something failed, 2 if the command
//     was wrong, and 3 if all was done but some directories are incomplete.
//   - When nobody reads the output any more ("... | head"), the program ends
//     without a word, as other programs do.
package ui
