"""What rooms and their members take of a node's memory: bytes of pages that it has written, so repeatable
to a few in a hundred."""

import contextlib
import resource
import re
import socket
import struct
import subprocess
import time
from pathlib import Path

from .callgrind import ENVIRONMENT, Trouble
from .client import REQUEST, TEXT, Client, Unexpected, frame

READY = 30  # seconds; a node is ready within milliseconds on an idle machine
SETTLED = 1.5  # seconds without a client's work, in which a node has done what it does once a second

# The members of one room: enough that each one's share is above the noise, while each process has half
# of the 20,000 descriptors that it may have on a small machine.
MEMBERS = 10_000
# A client is in 64 rooms at most (Limits.roomsPerClient), so that this number of clients fills 10,000
# rooms with two members each without 20,000 sockets.
ROOMS, ROOMS_EACH = 10_000, 64

UNITS = {
    "room member": "bytes per member of one room of 10,000, beside its socket",
    "room of two": "bytes per room with two members, of 10,000 rooms",
    "further room": "bytes per room that a client is in beside others, where the room has members",
}


def written(pid):
    """Returns the bytes that a process has written and has in memory (proc(5), smaps_rollup). The pages of files
    are not among them: whether they count as its own depends on who else has the file open, and whether they
    are dirty on when it was built."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return 1024 * int(re.search(r"^Anonymous: +(\d+) kB$", text, re.M).group(1))


class RoomClient(Client):
    """A client of `chat.v1` that joins rooms and reads."""

    request = REQUEST.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: chat.v1\r\n\r\n")

    def ask(self, rooms):
        """Asks to join rooms, in one write."""
        self.send(b"".join(
            frame(TEXT, f'{{"type":"join","room":"{room}"}}'.encode()) for room in rooms))

    def await_joins(self, count):
        """Reads until so many rooms have been joined."""
        for _ in range(count):
            self.expect(TEXT, b'{"type":"joined",')
            self.expect(TEXT, b'{"type":"synced",')

    def cut(self):
        """Closes with a reset, so that no port waits for stray packets."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class PlainNode:
    """A node with one loop as it is shipped, whose memory is read."""

    def __init__(self, path, folder, name, *flags):
        self.log = Path(folder) / f"{name}.log"
        command = [str(path), "--port", "0", "--node-id", "weighed", "--loops", "1",
                   "--message-rate", "0", "--byte-rate", "0", "--log-level", "warning",
                   "--ping-interval", "1h", "--pong-timeout", "1m", *flags]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.port = self._await_port()
        except BaseException:
            self._kill()
            raise

    def _await_port(self):
        deadline = time.monotonic() + READY
        while time.monotonic() < deadline:
            text = self.log.read_text(errors="replace")
            found = re.search(r"clients +ws://127\.0\.0\.1:(\d+)/ws", text)
            if found and "ready in " in text:
                return int(found.group(1))
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise Trouble(f"the node did not become ready:\n{self.log.read_text(errors='replace')}")

    def bytes(self):
        """Returns the bytes that the node has written."""
        time.sleep(SETTLED)
        return written(self.process.pid)

    def _kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._kill()


def rooms(path, folder, *flags):
    """Returns the bytes of each kind, of nodes with these flags."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < MEMBERS + 100:
        raise Trouble(f"{MEMBERS} clients need more than the {most} descriptors of a process here")
    # A new node each time: memory that it has kept from earlier clients would hide what new ones take.
    with PlainNode(path, folder, "members", *flags) as node, _clients(node, MEMBERS) as clients:
        member = _growth(node, clients, [["big"]] * MEMBERS) / MEMBERS
    # Neighbours share their rooms: each room has two members.
    pairs = [range(first, min(first + ROOMS_EACH, ROOMS)) for first in range(0, ROOMS, ROOMS_EACH)]
    each = [[f"room-{room:05}" for room in pair] for pair in pairs for _ in range(2)]
    with PlainNode(path, folder, "rooms", *flags) as node:
        with _clients(node, len(each)) as clients:
            room = _growth(node, clients, each) / ROOMS
            with _clients(node, len(each)) as more:
                further = _growth(node, more, each) / (2 * ROOMS)
    return {"room member": member, "room of two": room, "further room": further}


@contextlib.contextmanager
def _clients(node, count):
    clients = []
    try:
        for _ in range(count):
            clients.append(RoomClient(node.port))
        yield clients
    finally:
        for client in clients:
            client.cut()


def _growth(node, clients, rooms_of_each):
    """Returns by how much a node has grown when the clients are in their rooms."""
    before = node.bytes()
    for client, names in zip(clients, rooms_of_each):
        client.ask(names)
        # As many rooms as one client may be in are on their way, and no more.
        if len(names) > 1:
            client.await_joins(len(names))
    for client, names in zip(clients, rooms_of_each):
        if len(names) == 1:
            client.await_joins(1)
    return node.bytes() - before
