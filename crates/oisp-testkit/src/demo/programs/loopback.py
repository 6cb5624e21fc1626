"""HTTPS to a provider's real name, answered on this machine."""

import http.client
import json
import socket
import ssl


class Loopback(http.client.HTTPSConnection):
    """Speaks to `host`, but over a connection to `address`."""

    def __init__(self, host, address, ca):
        super().__init__(host, timeout=30, context=ssl.create_default_context(cafile=ca))
        name, _, port = address.rpartition(":")
        self._create_connection = lambda _, *rest: socket.create_connection((name, int(port)), *rest)


def post(connection, path, headers, body):
    """Posts JSON and returns the response; raises on an error status."""
    headers = {"content-type": "application/json", **headers}
    connection.request("POST", path, json.dumps(body, ensure_ascii=False).encode(), headers)
    response = connection.getresponse()
    if response.status >= 400:
        raise SystemExit(f"{response.status}: {response.read().decode()}")
    return response
