"""A client of any build of libcurl: argv is LIBRARY BASE CA LABEL COUNT. Nothing
here imports `ssl`: all TLS of this process is the library's. Calls run one after
the other, each on a connection of its own."""

import ctypes
import json
import sys

from words import KEY, MODEL, prompt

library, base, ca, label, count = *sys.argv[1:5], int(sys.argv[5])
POSTFIELDS, URL, HTTPHEADER, CAINFO, WRITEFUNCTION = 10015, 10002, 10023, 10065, 20011
WRITE = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)
ignored = WRITE(lambda _data, size, times, _to: size * times)

curl = ctypes.CDLL(library)
curl.curl_easy_init.restype = ctypes.c_void_p
curl.curl_slist_append.restype = ctypes.c_void_p
curl.curl_version.restype = ctypes.c_char_p


def call(number):
    handle = ctypes.c_void_p(curl.curl_easy_init())
    headers = ctypes.c_void_p()
    for line in (f"authorization: Bearer {KEY}", "content-type: application/json"):
        headers = ctypes.c_void_p(curl.curl_slist_append(headers, line.encode()))
    said = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": prompt(label, number)}]})
    options = {
        URL: (base + "/v1/chat/completions").encode(),
        CAINFO: ca.encode(),
        HTTPHEADER: headers,
        POSTFIELDS: said.encode(),
        WRITEFUNCTION: ignored,
    }
    for option, value in options.items():
        assert curl.curl_easy_setopt(handle, option, value) == 0, option
    failed = curl.curl_easy_perform(handle)
    assert failed == 0, f"{curl.curl_version()}: {failed}"
    curl.curl_easy_cleanup(handle)


for number in range(count):
    call(number)
