"""A TCP proxy on loopback that breaks connections on purpose, as a network or a server in front of a database would."""

import select
import socket
import struct
import threading
from contextlib import suppress
from typing import Literal

CHUNK = 16_384
Fault = Literal["cut", "reset", "blackhole"]


class TcpProxy:
    """Passes everything on to `target_port` until it is told to fail. Use it as a context manager.

    `connections` were made and `passed` bytes of answers given so far. A fault counts the answers of each connection from its beginning.
    """

    def __init__(self, target_port: int) -> None:
        self.connections = self.passed = 0
        self._target_port = target_port
        self._fault: Fault | None = None
        self._after = self.victims = 0
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._door = _listen(0)
        self.port: int = self._door.getsockname()[1]
        self._serve()

    def __enter__(self) -> "TcpProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.refuse()

    def fail(self, fault: Fault, after: int, victims: int = 1_000_000) -> None:
        """Cut (close), reset (RST) or blackhole (stays open, nothing passes) connections after so many bytes, `victims` of them at most."""
        with self._lock:
            self._fault, self._after, self.victims = fault, after, victims

    def refuse(self) -> None:
        """Connections at work go on, new ones are refused."""
        with suppress(OSError):  # it may be shut already
            self._door.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._door.close()

    def heal(self) -> None:
        """New connections work, and those that no fault has hit."""
        with self._lock:
            self._fault = None
        if self._door.fileno() == -1:
            self._door = _listen(self.port)
            self._serve()

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=[self._door], daemon=True).start()

    def _accept(self, door: socket.socket) -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._connect, args=[client], daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            target = socket.create_connection(("127.0.0.1", self._target_port))
        except OSError:
            client.close()
            return
        # If one of the two goes away, so does the other.
        with client, target, suppress(OSError):
            self._pass_on(client, target)

    def _pass_on(self, client: socket.socket, target: socket.socket) -> None:
        # One thread for both ways: a socket that another thread reads from would not be closed or reset at once.
        passed = 0
        while not self._ended.is_set():
            for source in select.select([client, target], [], [], 0.2)[0]:
                data = source.recv(CHUNK)
                if not data:
                    return
                if source is client:
                    target.sendall(data)
                    continue
                with self._lock:
                    room = self._after - passed if self._fault and self.victims else len(data) + 1
                    fault = self._fault if room <= len(data) else None
                    self.victims -= 1 if fault else 0
                client.sendall(data[: max(room, 0)])
                passed += len(data)
                self.passed += len(data)
                if fault:
                    self._break(fault, client)
                    return

    def _break(self, fault: Fault, client: socket.socket) -> None:
        if fault == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault == "blackhole":
            self._ended.wait()


def _listen(port: int) -> socket.socket:
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", port))
    door.listen(64)
    return door
