"""A WebSocket client that sends exactly what it is told and waits for exactly what it expects."""

import json
import socket
import struct

PATIENCE = 60  # seconds for anything to come, from a node that runs fifty times slower than else

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10

# RFC 6455 §5.3 demands an unpredictable key, to protect proxies; here there is none.
MASK = b"\x37\xfa\x21\x3d"

REQUEST = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode()


class Unexpected(Exception):
    """The node sent something else."""


def frame(opcode, payload=b""):
    """Returns a frame as a client sends it."""
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
    else:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
    return head + MASK + bytes(byte ^ MASK[index % 4] for index, byte in enumerate(payload))


def chat(name, value):
    """Returns a chat message as a frame."""
    return frame(TEXT, f'{{"type":"chat","username":"{name}","value":"{value}"}}'.encode())


class Client:
    """A client on a blocking socket."""

    request = REQUEST

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.socket.sendall(self.request)
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Unexpected(head.decode(errors="replace"))
        self.buffer = bytearray(rest)

    def _fill(self):
        data = self.socket.recv(256 * 1024)
        if not data:
            raise Unexpected(f"the connection ended; left: {bytes(self.buffer)!r}")
        self.buffer += data

    def hear(self):
        """Returns the next frame that does not tell who is present."""
        while (found := self._take()) is None or found[1].startswith(b'{"type":"presence",'):
            if found is None:
                self._fill()
        return found

    def _take(self):
        """Takes a frame, if a whole one is there. A server does not mask (RFC 6455 §5.1)."""
        if len(self.buffer) < 2:
            return None
        length, start = self.buffer[1], 2
        if length == 126:
            if len(self.buffer) < 4:
                return None
            length, start = struct.unpack_from("!H", self.buffer, 2)[0], 4
        if len(self.buffer) < start + length:
            return None
        opcode = self.buffer[0] & 0x0F
        payload = bytes(self.buffer[start : start + length])
        del self.buffer[: start + length]
        return opcode, payload

    def expect(self, opcode, beginning=b""):
        """Returns the next frame, and checks its kind and beginning."""
        got, payload = self.hear()
        if got != opcode or not payload.startswith(beginning):
            raise Unexpected(f"opcode {got}: {payload!r}, not opcode {opcode}: {beginning!r}…")
        return payload

    def expect_chats(self, count):
        """Reads this number of chat messages, and nothing else."""
        for _ in range(count):
            self.expect(TEXT, b'{"type":"chat",')

    def login(self, name):
        """Logs in."""
        self.socket.sendall(frame(TEXT, f'{{"type":"login","username":"{name}"}}'.encode()))
        self.expect(TEXT, b'{"type":"logged_in",')

    def send(self, data):
        """Sends bytes unchanged, in one call, so that they arrive in one piece."""
        self.socket.sendall(data)

    def settle(self):
        """Waits until the node has done what it was told before: it has one loop."""
        self.send(frame(PING))
        self.expect(PONG)

    def cut(self):
        """Ends the connection with a reset, as one that is lost ends."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def leave(self):
        """Closes as a browser does (RFC 6455 §7.1)."""
        self.send(frame(CLOSE, struct.pack("!H", 1001)))
        self.expect(CLOSE)
        if self.socket.recv(1):
            raise Unexpected("something behind the close frame")
        self.socket.close()


class V1Client(Client):
    """A client of chat.v1."""

    request = REQUEST.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: chat.v1\r\n\r\n")

    def ask(self, **message):
        """Sends a request."""
        self.send(frame(TEXT, json.dumps(message).encode()))

    def answer(self, kind):
        """Returns the next message, which must be of that type."""
        return json.loads(self.expect(TEXT, f'{{"type":"{kind}",'.encode()))

    def enter(self, name, **session):
        """Logs in, with the secret of an earlier login if there is one, and returns the new one."""
        self.ask(type="login", username=name, **session)
        return {"session": self.answer("logged_in")["session"]}
