"""Clients that keep asking while a server ends, and never send anything twice."""

from __future__ import annotations

import http.client
import threading
import time


class Client(threading.Thread):
    """Asks until a new connection is refused.

    It asks on one connection as long as it may; opens another when it was told to close, or for each request.
    """

    def __init__(self, port: int, body: bytes, *, keep_alive: bool, pause: float, path: str = "/predict") -> None:
        super().__init__()
        self.port, self.keep_alive, self.pause = port, keep_alive, pause
        self.path, self.body = path, body
        self.answered = 0
        self.closes = 0
        self.lost: list[str] = []

    def run(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while True:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                try:
                    connection.connect()
                except ConnectionRefusedError:  # nothing was sent: the pod is gone, another one would answer
                    return
            try:
                headers = {} if self.keep_alive else {"Connection": "close"}
                connection.request("POST", self.path, self.body, headers)
                answer = connection.getresponse()
                answer.read()
                self.answered += answer.status == 200
                if answer.status != 200:
                    self.lost.append(f"status {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                return
            if answer.getheader("connection") == "close":
                self.closes += 1
                connection.close()
                connection = None
            time.sleep(self.pause)


def asking(
    server_url: str, body: bytes, count: int, pauses: tuple[float, float, float] = (0.0, 0.01, 0.3)
) -> list[Client]:
    """Clients that ask already: half of them keep their connections, and they pause in three ways between requests."""
    port = int(server_url.rsplit(":", 1)[1])
    clients = [Client(port, body, keep_alive=i % 2 == 0, pause=pauses[i % 3]) for i in range(count)]
    for client in clients:
        client.start()
    return clients


def refused(clients: list[Client]) -> list[list[str]]:
    """Waits until every client has been refused, so that they ask to the very last; gives what they lost."""
    for client in clients:
        client.join()
    return [client.lost for client in clients if client.lost]
