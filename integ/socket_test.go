package integ

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// openSocket opens a websocket at an address, for a host (RFC 6455).
func openSocket(address, host, path string) (net.Conn, error) {
	connection, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	const key, sum = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" // those of the RFC
	fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n",
		path, host, key)
	response, err := http.ReadResponse(bufio.NewReaderSize(connection, 1), nil)
	if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("status is %d, want 101", response.StatusCode)
	}
	if err == nil && response.Header.Get("Sec-WebSocket-Accept") != sum {
		err = fmt.Errorf("Sec-WebSocket-Accept is %q", response.Header.Get("Sec-WebSocket-Accept"))
	}
	if err != nil {
		connection.Close()
		return nil, err
	}
	return connection, nil
}

// echoes sends a text over a websocket, and wants it back.
func echoes(connection net.Conn, text string) error {
	frame := []byte{0x81, 0x80 | byte(len(text)), 1, 2, 3, 4} // with a mask, as clients send
	for i := range len(text) {
		frame = append(frame, text[i]^frame[2+i%4])
	}
	if _, err := connection.Write(frame); err != nil {
		return err
	}
	got := make([]byte, 2+len(text))
	if _, err := io.ReadFull(connection, got); err != nil {
		return err
	}
	if got[0] != 0x81 || string(got[2:]) != text {
		return fmt.Errorf("got %q back, want %q", got[2:], text)
	}
	return nil
}
