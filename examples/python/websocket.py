"""A WebSocket client (RFC 6455) for text messages, with nothing but Python's standard library."""

import asyncio
import base64
import hashlib
import os
import struct
import time
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
FINAL_FRAGMENT, MASKED = 0x80, 0x80
ACCEPT_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 4.2.2
OPEN_TIMEOUT = 10  # seconds; a node that takes over another one's clients may be that slow
LARGEST_FRAME = 1 << 20  # bytes; a node relays no longer message unless it is told to


class Refused(Exception):
    """The server answers the handshake with something else than a WebSocket."""


class NotSpoken(Exception):
    """The server opens the WebSocket, but does not pick the subprotocol."""


class Closed(Exception):
    """The connection has ended; `code` is the server's close code, 1006 if it sent none."""

    def __init__(self, code, reason=""):
        super().__init__(f"{code} {reason}".strip())
        self.code = code


class WebSocket:
    """One open connection. Made by `connect`."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.heard_at = time.monotonic()  # when the last frame came, of whatever kind

    async def send(self, text):
        """Sends one text message. Fails with `Closed`."""
        try:
            self._write(TEXT, text.encode())
            await self.writer.drain()
        except OSError:
            raise Closed(1006, "the connection was lost") from None

    async def receive(self):
        """Returns the next text message. Answers pings meanwhile. Fails with `Closed`."""
        while True:
            try:
                opcode, payload = await self._read_frame()
            except (OSError, asyncio.IncompleteReadError):
                raise Closed(1006, "the connection was lost") from None
            self.heard_at = time.monotonic()
            if opcode == TEXT:
                return payload.decode()
            if opcode == PING:
                self._write(PONG, payload)
            if opcode == CLOSE:
                code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
                raise Closed(code, payload[2:].decode(errors="replace"))

    def close(self):
        """Says goodbye, and closes without waiting for the answer."""
        self._write(CLOSE, struct.pack(">H", 1000))
        self.writer.close()

    def drop(self):
        """Ends a connection that is dead: without a closing handshake, and at once."""
        self.writer.transport.abort()

    def _write(self, opcode, payload):
        # A client masks what it sends: RFC 6455, section 5.3.
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        size = len(payload)
        if size < 126:
            length = bytes([MASKED | size])
        elif size < 1 << 16:
            length = struct.pack(">BH", MASKED | 126, size)
        else:
            length = struct.pack(">BQ", MASKED | 127, size)
        if not self.writer.is_closing():
            self.writer.write(bytes([FINAL_FRAGMENT | opcode]) + length + mask + masked)

    async def _read_frame(self):
        first, size = await self.reader.readexactly(2)
        # A node sends each message in one frame.
        if size == 126:
            size = struct.unpack(">H", await self.reader.readexactly(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", await self.reader.readexactly(8))[0]
        if size > LARGEST_FRAME:
            raise Closed(1006, "the server sent a frame that is too large")
        return first & 0x0F, await self.reader.readexactly(size)


def _field(name, head):
    """The value of a header field; None if there is none."""
    for line in head.splitlines()[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name.lower():
            return value.strip()


async def connect(url, subprotocol=None):
    """Opens `ws://host:port/path`. Fails with `OSError`, `TimeoutError`, `Refused` or `NotSpoken`."""
    address = urlsplit(url)
    if address.scheme != "ws" or not address.hostname:
        raise ValueError(f"{url!r} is not ws://host:port/path")
    return await asyncio.wait_for(_open(address, subprotocol), OPEN_TIMEOUT)


async def _open(address, subprotocol):
    reader, writer = await asyncio.open_connection(address.hostname, address.port or 80)
    try:
        key = base64.b64encode(os.urandom(16))
        request = (
            f"GET {address.path or '/'} HTTP/1.1\r\n"
            f"Host: {address.netloc}\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key.decode()}\r\n"
            + (f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else "")
            + "Sec-WebSocket-Version: 13\r\n\r\n"
        )
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
        accept = base64.b64encode(hashlib.sha1(key + ACCEPT_SUFFIX).digest()).decode()
        if " 101 " not in head.splitlines()[0] or accept not in head:
            raise Refused(head.splitlines()[0])
        if _field("Sec-WebSocket-Protocol", head) != subprotocol:
            raise NotSpoken(f"the server does not speak {subprotocol}")
        return WebSocket(reader, writer)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        writer.close()
        raise Refused("the connection ended during the handshake") from None
    except BaseException:
        writer.close()
        raise
