// A client in Go: the arguments are LIBRARY BASE CA LABEL COUNT, LIBRARY being of
// no use here. All COUNT calls run at once. With LINGER=1 it says `done` and
// waits for the end of its input.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func call(client *http.Client, base, label string, number int) {
	filler := strings.Repeat("Every byte of this prompt counts. ", 60)
	prompt := fmt.Sprintf("%s%s-%d. [[bytes=3000]]", filler, label, number)
	body, err := json.Marshal(map[string]any{
		"model":    "gpt-4o-mini",
		"messages": []map[string]string{{"role": "user", "content": prompt}},
	})
	must(err)
	request, err := http.NewRequest("POST", base+"/v1/chat/completions", strings.NewReader(string(body)))
	must(err)
	request.Header.Set("authorization", "Bearer sk-test-made-up-0000")
	request.Header.Set("content-type", "application/json")
	response, err := client.Do(request)
	must(err)
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	must(err)
	if response.StatusCode != 200 {
		panic(response.Status)
	}
}

func main() {
	base, label := os.Args[2], os.Args[4]
	authority, err := os.ReadFile(os.Args[3])
	must(err)
	count, err := strconv.Atoi(os.Args[5])
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	var calls sync.WaitGroup
	for number := 0; number < count; number++ {
		calls.Add(1)
		go func(number int) {
			defer calls.Done()
			call(client, base, label, number)
		}(number)
	}
	calls.Wait()
	if os.Getenv("LINGER") != "" {
		fmt.Println("done")
		io.Copy(io.Discard, os.Stdin)
	}
}
