#!/usr/bin/python3
"""Clients of examples/python/chat_v1.py through the balancer of a cluster whose nodes are killed.

    Tests/ClientTests/python_cluster.py ws://127.0.0.1:18080/ws

Run by PythonClientTests of ClusterTests, which kills nodes by what this prints: `c0 on NODE` whenever the
first client is logged in, and `acknowledged N` for its messages. What nodes send takes LAG longer, and is
lost with its connection, so that a node that is killed has always accepted messages whose `ack` and `chat` do
not arrive. Ends with 0 if each message was acknowledged, all clients have heard all messages once and in one
order, and no outbox has any left.
"""

import asyncio
import contextlib
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples/python"))
import chat_v1  # noqa: E402: the example itself

CLIENTS = 6  # two on each of three nodes
MESSAGES = 300  # of each
PAUSE = 0.05  # seconds after each; the log keeps 745 messages at least, 6 s of all clients
LAG = 0.1  # seconds
TOLD = 50  # between two lines `acknowledged`
END = 120  # seconds for everything
ROOM = "tea"


class LaggingRelay:
    """Passes on what clients send at once, and what the balancer sends LAG later."""

    def __init__(self, url):
        address = urlsplit(url)
        self.host, self.port = address.hostname, address.port

    async def start(self):
        server = await asyncio.start_server(self.connect, "127.0.0.1", 0)
        return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"

    async def connect(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
        upwards = asyncio.create_task(self.pass_on(reader, far_writer))
        with contextlib.suppress(OSError):
            while data := await far_reader.read(1 << 16):
                asyncio.get_running_loop().call_later(LAG, writer.write, data)
        upwards.cancel()
        far_writer.close()
        writer.transport.abort()  # what has not been passed on by now is lost

    async def pass_on(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
        writer.close()


class Talker:
    """A client, with what it has heard and what became of its messages."""

    def __init__(self, url, index):
        self.name, self.heard, self.states = f"c{index}", [], []
        self.client = chat_v1.Client(url, self.name)
        self.has_joined = asyncio.Event()

    async def follow(self):
        """Takes what the client tells, until everything was heard and settled."""
        await self.client.join(ROOM)
        while len(self.heard) < CLIENTS * MESSAGES or len(self.states) < MESSAGES:
            event = await self.client.events.get()
            kind = event["type"]
            if kind == "online":
                print(f"{self.name} on {event['node']}", flush=True)
            elif kind == "synced":
                self.has_joined.set()
            elif kind == "chat":
                self.heard.append((event["username"], event["value"]))
            elif kind == "settled":
                self.states.append((event["key"], event["state"]))
                if self.name == "c0" and len(self.states) % TOLD == 0:
                    print(f"acknowledged {len(self.states)}", flush=True)
            elif kind in ("gap", "reset", "error") or event.get("has_hole"):
                raise AssertionError(f"{self.name} was told {event}")

    async def speak(self):
        for number in range(MESSAGES):
            await self.client.say(ROOM, number, key=number)

    def check(self, order):
        assert self.states == [(n, "acknowledged") for n in range(MESSAGES)], f"{self.name}: {self.states}"
        assert not self.client.outbox, f"{self.name} has {len(self.client.outbox)} messages left"
        said = [value for name, value in self.heard if name == self.name]
        assert said == list(range(MESSAGES)), f"{self.name} was heard with {said}"
        assert self.heard == order, f"{self.name} has heard another order"


async def main(url):
    chat_v1.PAUSE = PAUSE
    url = await LaggingRelay(url).start()
    talkers = [Talker(url, index) for index in range(CLIENTS)]
    running = [asyncio.create_task(talker.client.run()) for talker in talkers]
    following = [asyncio.create_task(talker.follow()) for talker in talkers]
    # What is said before a client has joined is no part of what it hears.
    await asyncio.gather(*[talker.has_joined.wait() for talker in talkers])
    speaking = [asyncio.create_task(talker.speak()) for talker in talkers]
    done, rest = await asyncio.wait(following, timeout=END, return_when=asyncio.FIRST_EXCEPTION)
    for task in [*running, *speaking]:
        task.cancel()
    for task in done:
        task.result()
    counts = {talker.name: (len(talker.heard), len(talker.states)) for talker in talkers}
    assert not rest, f"not all was heard and acknowledged in {END} s: {counts}"
    for talker in talkers:
        talker.check(talkers[0].heard)
    print("everything was said once", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
