// Package jsontext reads and writes JSON texts without taking them apart.
//
// A Lambda event is mostly one string, the body, which can be 6 MB of base64.
// [Scanner] finds its end with two vectorised searches and never copies it;
// encoding/json looks at each byte several times and allocates it anew. What a
// member means is for the caller: values are handed out as pieces of the text.
//
// # What it does not check
//
// A string that nobody reads may hold what JSON forbids: an escape that means
// nothing, a control character, bytes that are not UTF-8. Its end is found all
// the same. AWS sends none of that, and looking at each byte is what the scanner
// exists to avoid. [Unescape] checks the escapes of the strings that are read.
package jsontext
