// Chat completions by Go's own net/http: HTTP/1.1 and HTTP/2, plain, streamed,
// and many at once.
//
// As the clients in the other languages: prints one JSON line per answer with
// what it saw itself, and never leaves the machine: every name is 127.0.0.1.
// With -idle it only waits for the end of its input.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

var (
	baseURL     = flag.String("base-url", "", "where the provider is")
	ca          = flag.String("ca", "", "file of the authority to trust")
	key         = flag.String("key", "sk-test-made-up-0000", "")
	mode        = flag.String("mode", "plain", "plain, stream, concurrent, and the same behind h2-")
	model       = flag.String("model", "gpt-4o-mini", "")
	prompt      = flag.String("prompt", "Say something nice", "")
	promptBytes = flag.Int("prompt-bytes", 0, "")
	calls       = flag.Int("calls", 1, "")
	idle        = flag.Bool("idle", false, "")
)

func main() {
	flag.Parse()
	if *idle {
		io.Copy(io.Discard, os.Stdin)
		return
	}
	client := &http.Client{Transport: transport(), Timeout: time.Minute}
	if !strings.HasSuffix(*mode, "concurrent") {
		for call := 0; call < *calls; call++ {
			one(client, call)
		}
		return
	}
	var all sync.WaitGroup
	for call := 0; call < *calls; call++ {
		all.Add(1)
		go func(call int) {
			defer all.Done()
			one(client, call)
		}(call)
	}
	all.Wait()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func transport() *http.Transport {
	pem, err := os.ReadFile(*ca)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		check(err)
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}
	return &http.Transport{
		DialContext:       dial,
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		ForceAttemptHTTP2: strings.HasPrefix(*mode, "h2-"),
	}
}

type usage struct {
	Input  int `json:"prompt_tokens"`
	Output int `json:"completion_tokens"`
}

type message struct {
	Content string `json:"content"`
}

// An answer, or a piece of one.
type answer struct {
	Model   string `json:"model"`
	Usage   *usage `json:"usage"`
	Choices []struct {
		Message message `json:"message"`
		Delta   message `json:"delta"`
		Finish  *string `json:"finish_reason"`
	} `json:"choices"`
}

func one(client *http.Client, call int) {
	stream := strings.HasSuffix(*mode, "stream")
	text := fmt.Sprintf("%s (call %d)", *prompt, call)
	const filler = "Every byte of this prompt counts. "
	if missing := *promptBytes - len(text); missing > 0 {
		text = strings.Repeat(filler, missing/len(filler)+1)[:missing] + text
	}
	asked := map[string]any{
		"model":    *model,
		"messages": []map[string]string{{"role": "user", "content": text}},
	}
	if stream {
		asked["stream"] = true
		asked["stream_options"] = map[string]bool{"include_usage": true}
	}
	body, err := json.Marshal(asked)
	check(err)
	request, err := http.NewRequest("POST", *baseURL+"/chat/completions", bytes.NewReader(body))
	check(err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+*key)
	began := time.Now()
	response, err := client.Do(request)
	check(err)
	defer response.Body.Close()
	if h2 := strings.HasPrefix(*mode, "h2-"); h2 != (response.ProtoMajor == 2) || response.StatusCode != 200 {
		check(fmt.Errorf("%s %s", response.Proto, response.Status))
	}
	seen := map[string]any{"text": "", "usage": nil, "finish": nil}
	add := func(data []byte) {
		var piece answer
		check(json.Unmarshal(data, &piece))
		seen["model"] = piece.Model
		if piece.Usage != nil {
			seen["usage"] = map[string]int{"input": piece.Usage.Input, "output": piece.Usage.Output}
		}
		for _, choice := range piece.Choices {
			seen["text"] = seen["text"].(string) + choice.Message.Content + choice.Delta.Content
			if choice.Finish != nil {
				seen["finish"] = *choice.Finish
			}
		}
	}
	lines := bufio.NewScanner(response.Body)
	for stream && lines.Scan() {
		if data, found := strings.CutPrefix(lines.Text(), "data: {"); found {
			add([]byte("{" + data))
		}
	}
	if !stream {
		whole, err := io.ReadAll(response.Body)
		check(err)
		add(whole)
	}
	report(call, began, seen)
}

var printing sync.Mutex

func report(call int, began time.Time, seen map[string]any) {
	seen["client"] = "go"
	seen["pid"] = os.Getpid()
	seen["mode"] = *mode
	seen["call"] = call
	seen["tool_calls"] = []string{}
	seen["error"] = nil
	seen["seconds"] = time.Since(began).Seconds()
	printing.Lock()
	defer printing.Unlock()
	check(json.NewEncoder(os.Stdout).Encode(seen))
}
