"""Which servers are measured, and how each is started."""

import dataclasses
import pathlib
import subprocess

from . import paths
from .servers import Server, free_port

# A chat.v1 chat names its room, of eight characters, which a plain one does not.
ROOM_BYTES_IN_CHAT = 18
# The room before each value that is sent to a raw server with rooms, and to nats-server as its subject.
ROOM_BYTES_BEFORE_VALUE = 4

# The bytes of a chatnode chat around its value: type, username of ten letters, seq, ts, mid. Raw
# servers get values that are longer by this, so that the same number of bytes goes to each client.
CHAT_BYTES_AROUND_VALUE = 104


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A kind of server, ready to be started any number of times."""

    name: str
    command: tuple[str, ...]  # PORT in it stands for the port
    dialect: str = "raw"
    version: str = ""
    health_path: str | None = None
    extra_value_bytes: int = CHAT_BYTES_AROUND_VALUE

    def start(self, folder: pathlib.Path) -> Server:
        port = free_port()
        command = [part.replace("PORT", str(port)) for part in self.command]
        return Server(self.name, command, folder / f"{self.name}-{port}".replace(" ", "-"), port,
                      self.health_path)


FLOOR = Candidate("floor", (str(paths.BIN / "floor"), "--port", "PORT"))


def chatnode(binary: str, extra: list[str], redis: Server | None = None,
             version: str = "") -> Candidate:
    """Returns chatnode as shipped, but with one loop, since the others have one worker too, and
    with the senders' rates unlimited, since one of them stands for thousands."""
    command = [binary, "serve", "--port", "PORT", "--loops", "1", "--message-rate", "0",
               "--byte-rate", "0", *extra]
    if redis:
        # A prefix of its own, so that nodes that share this Redis do not receive each other's
        # messages.
        prefix = f"bench{free_port()}"
        command += ["--redis", f"redis://127.0.0.1:{redis.port}", "--redis-prefix", prefix,
                    "--new-cluster"]
    return Candidate("chatnode on Redis" if redis else "chatnode", tuple(command), "chatnode",
                     version, "/readyz", 0)


# The raw servers that are made to have rooms, and the argument with which they have them.
_ROOMS = {"floor": "--rooms", "uWebSockets": "rooms", "uWebSockets, deferred": "rooms"}


def in_rooms(candidate: Candidate) -> Candidate | None:
    """Returns the candidate with many rooms, or None if it is not made to have them here."""
    extra = CHAT_BYTES_AROUND_VALUE + ROOM_BYTES_IN_CHAT
    match candidate.dialect:
        case "chatnode":
            return dataclasses.replace(candidate, dialect="chatnode-v1")
        case "nats":
            return dataclasses.replace(candidate, extra_value_bytes=extra)
        case "raw" if candidate.name in _ROOMS:
            return dataclasses.replace(
                candidate, command=(*candidate.command, _ROOMS[candidate.name]), dialect="raw-rooms",
                extra_value_bytes=extra - ROOM_BYTES_BEFORE_VALUE)
    return None


def redis_server(folder: pathlib.Path) -> Server:
    """Starts a Redis with the configuration that chatnode is run with."""
    port = free_port()
    command = ["redis-server", str(paths.REDIS_CONFIG), "--port", str(port)]
    return Server("redis", command, folder / f"redis-{port}", port)


# For each peer: its folder under peers/, its name in the tables, its dialect, and what `start` gets
# besides the port.
_PEERS = [
    ("uwebsockets", "uWebSockets", "raw", ()),
    # Better than what its users have: see the comment in the server.
    ("uwebsockets", "uWebSockets, deferred", "raw", ("deferred",)),
    ("nats", "nats-server", "nats", ()),
    ("nchan", "nchan", "raw", ()),
    ("node-ws", "node ws", "raw", ()),
    ("em-websocket", "em-websocket", "raw", ()),
]


def peers() -> tuple[list[Candidate], dict[str, str]]:
    """Returns the peers that are installed, and for the others why they are not."""
    there, missing = [], {}
    for folder, name, dialect, more in _PEERS:
        start = str(paths.PEERS / folder / "start")
        check = subprocess.run([start, "--check"], capture_output=True, text=True, check=False)
        said = check.stdout.strip() or check.stderr.strip()
        if check.returncode == 0:
            there.append(Candidate(name, (start, "PORT", *more), dialect, said))
        else:
            missing[name] = said
    return there, missing
