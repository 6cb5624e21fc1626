// A TLS server and clients in Go, which write down what they send and receive.
//
//	program server h1|h2 DIRECTORY      prints its port, serves until its input ends
//	program client h1|h2|raw|late PORT DIRECTORY WORKERS SIZE ROUNDS
//
// Where DIRECTORY is not "-", the bytes that pass each connection go to files
// in it: N.written and N.read. HTTP/2 wants the connection itself, so there is
// nothing to write down.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	http2 := os.Args[2] == "h2"
	if os.Args[1] == "server" {
		serve(http2, os.Args[3])
		return
	}
	numbers := make([]int, 4)
	for i, at := range []int{3, 5, 6, 7} {
		numbers[i] = number(os.Args[at])
	}
	address := fmt.Sprintf("127.0.0.1:%d", numbers[0])
	fmt.Println("ready")
	wait := func() { bufio.NewReader(os.Stdin).ReadString('\n') }
	if os.Args[2] == "raw" {
		wait()
		raw(address, numbers[2])
		return
	}
	client := httpClient(http2, address, os.Args[4])
	if os.Args[2] == "late" {
		post(client, address, 0, 10)
		fmt.Println("connected")
	}
	wait()
	var workers sync.WaitGroup
	for worker := 0; worker < numbers[1]; worker++ {
		workers.Add(1)
		go func(worker int) {
			defer workers.Done()
			for round := 0; round < numbers[3]; round++ {
				post(client, address, worker, numbers[2])
			}
			stream(client, address)
		}(worker)
	}
	workers.Wait()
}

func number(text string) int {
	number, err := strconv.Atoi(text)
	check(err)
	return number
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func body(worker, size int) []byte {
	text := fmt.Sprintf("worker %06d ", worker)
	return bytes.Repeat([]byte(text), size/len(text)+1)[:size]
}

// The answer is the same body.
func post(client *http.Client, address string, worker, size int) {
	sent := body(worker, size)
	answer, err := client.Post("https://"+address+"/echo", "text/plain", bytes.NewReader(sent))
	check(err)
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	check(err)
	if !bytes.Equal(got, sent) {
		check(fmt.Errorf("%d bytes came back of %d", len(got), len(sent)))
	}
}

// An answer in pieces, each of which is there before the next is made.
func stream(client *http.Client, address string) {
	answer, err := client.Get("https://" + address + "/stream")
	check(err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	count := 0
	for lines.Scan() {
		count += strings.Count(lines.Text(), "data: ")
	}
	if count != 20 {
		check(fmt.Errorf("%d pieces", count))
	}
}

// Reads into a buffer on the goroutine's own stack, which grows within the first
// read, and so is moved.
func raw(address string, rounds int) {
	for round := 0; round < rounds; round++ {
		done := make(chan bool)
		go func() {
			plain, err := net.Dial("tcp", address)
			check(err)
			below := &growing{Conn: plain}
			connection := tls.Client(below, &tls.Config{InsecureSkipVerify: true})
			check(connection.Handshake())
			below.grow = true
			_, err = io.WriteString(connection, "GET /small HTTP/1.1\r\nHost: made.up\r\nConnection: close\r\n\r\n")
			check(err)
			for {
				var buffer [128]byte
				count, err := connection.Read(buffer[:])
				if count == 0 && err != nil {
					break
				}
			}
			// Left to the garbage collector, as some programs do.
			if round%2 == 0 {
				connection.Close()
			} else {
				plain.Close()
			}
			done <- true
		}()
		<-done
	}
}

// A connection whose reads need a large stack.
type growing struct {
	net.Conn
	grow bool
}

func (c *growing) Read(bytes []byte) (int, error) {
	if c.grow {
		deeper(1000)
	}
	return c.Conn.Read(bytes)
}

//go:noinline
func deeper(depth int) int {
	var room [64]int
	if depth == 0 {
		return 0
	}
	room[depth%64] = deeper(depth - 1)
	return room[depth%64] + 1
}

func httpClient(http2 bool, address, directory string) *http.Client {
	config := &tls.Config{InsecureSkipVerify: true}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: http2, MaxIdleConnsPerHost: 100}
	if !http2 {
		dialer := &tls.Dialer{Config: config}
		transport.DialTLSContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			connection, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return writtenDown(connection, directory), nil
		}
	}
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

func serve(http2 bool, directory string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(writer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		check(err)
		writer.Header().Set("Content-Length", strconv.Itoa(len(body)))
		writer.Write(body)
	})
	mux.HandleFunc("/stream", func(writer http.ResponseWriter, request *http.Request) {
		writer.Header().Set("Content-Type", "text/event-stream")
		for piece := 0; piece < 20; piece++ {
			fmt.Fprintf(writer, "data: {\"piece\": %d}\n\n", piece)
			writer.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/small", func(writer http.ResponseWriter, request *http.Request) {
		writer.Write(body(7, 1000))
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	config := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	server := &http.Server{Handler: mux, TLSConfig: config}
	if http2 {
		check(server.ServeTLS(listener, "", ""))
	}
	check(server.Serve(downWriter{tls.NewListener(listener, config), directory}))
}

type downWriter struct {
	net.Listener
	directory string
}

func (listener downWriter) Accept() (net.Conn, error) {
	connection, err := listener.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return writtenDown(connection, listener.directory), nil
}

type recorded struct {
	net.Conn
	written, read *os.File
}

var connections int32

func writtenDown(connection net.Conn, directory string) net.Conn {
	if directory == "-" {
		return connection
	}
	number := atomic.AddInt32(&connections, 1)
	create := func(kind string) *os.File {
		file, err := os.Create(fmt.Sprintf("%s/%d.%s", directory, number, kind))
		check(err)
		return file
	}
	// Whoever sees the second file finds the first.
	read := create("read")
	return recorded{connection, create("written"), read}
}

func (c recorded) Write(bytes []byte) (int, error) {
	count, err := c.Conn.Write(bytes)
	c.written.Write(bytes[:count])
	return count, err
}

func (c recorded) Read(bytes []byte) (int, error) {
	count, err := c.Conn.Read(bytes)
	c.read.Write(bytes[:count])
	return count, err
}

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	made, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	check(err)
	return tls.Certificate{Certificate: [][]byte{made}, PrivateKey: key}
}
