#!/usr/bin/env python3
"""A chat client for the terminal: prints what is said, says each line of the standard input.

    python3 examples/python/chat.py Ada
    python3 examples/python/chat.py Ada --url ws://127.0.0.1:18080/ws

Needs Python 3.9 or later, and no packages. Ends with the input (Ctrl-D) or with Ctrl-C. Exit codes:
0 the input ended · 1 the server has closed for good, or the name cannot be had · 130 Ctrl-C.
"""

import argparse
import asyncio
import json
import random
import sys
import threading

import websocket

# After these close codes a client does not come back by itself: docs/protocol/README.md, "Close codes".
FINAL_CODES = {1000, 1002, 1003, 1007, 1008, 1009, 4001}
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0  # seconds before a new connection, at most
LATER = 1.0  # seconds before a login that was refused is tried again, if the answer does not say
# A connection that was lost without a close frame may hold the name until the node misses an answer
# to its ping: the time between two pings, and the time for the answer, 25 s and 8 s.
OWN_NAME_WAIT = 35.0


class GivenUp(Exception):
    """Going on would not help; the text says why."""


class Chat:
    """One person's side of the chat, over one connection after another."""

    def __init__(self, url, name):
        self.url, self.name = url, name
        self.lines = asyncio.Queue()  # to be said; None is the end of the input
        self.was_logged_in = False
        self.failures = 0  # connections in a row that ended without a login
        self.unheard = 0  # messages sent that have been neither heard nor refused

    async def run(self):
        """Connects again and again, until the input ends or `GivenUp`."""
        while True:
            try:
                socket = await websocket.connect(self.url)
            except (OSError, asyncio.TimeoutError, websocket.Refused) as error:
                note(f"cannot connect: {error}")
            else:
                try:
                    return await self.converse(socket)
                except websocket.Closed as end:
                    note(f"closed: {end}")
                    if end.code in FINAL_CODES:
                        raise GivenUp("the server does not want this client back") from None
                finally:
                    socket.close()
            if self.unheard:
                note(f"{self.unheard} sent and not heard: they may have been said or not")
                self.unheard = 0
            # Full jitter: thousands whose node has ended do not all come back at one moment.
            await asyncio.sleep(random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**self.failures)))
            self.failures = min(self.failures + 1, 16)

    async def converse(self, socket):
        """Logs in, then prints what comes and says what is typed. Returns at the input's end."""
        await self.log_in(socket)
        speaking = asyncio.create_task(self.speak(socket))
        try:
            while True:
                message = json.loads(await socket.receive())
                self.show(message)
                if message["type"] == "logged_out":
                    if "reason" not in message:
                        return
                    note("the name has passed on; logging in again")
                    await self.log_in(socket)
        finally:
            speaking.cancel()

    async def log_in(self, socket):
        """Claims the name. Waits if the answer says that waiting helps. Fails with `GivenUp`."""
        end = asyncio.get_running_loop().time() + OWN_NAME_WAIT
        while True:
            await self.say(socket, "login")
            message = await self.answer(socket)
            if message["type"] == "logged_in":
                note(f"logged in as {message['username']} on {message['node']}")
                self.was_logged_in = True
                # Not when the socket opens: a node without Redis opens it and closes with 1013.
                self.failures = 0
                return
            is_own = message["value"] == "taken" and self.was_logged_in
            is_late = asyncio.get_running_loop().time() > end
            if message["value"] != "unavailable" and (not is_own or is_late):
                raise GivenUp(message["message"])
            note(message["message"])
            await asyncio.sleep(message.get("retry_ms", LATER * 1000) / 1000)

    async def answer(self, socket):
        """Returns the answer to a login; shows what comes before it."""
        while True:
            message = json.loads(await socket.receive())
            if message["type"] in ("logged_in", "login_failure"):
                return message
            self.show(message)

    async def speak(self, socket):
        """Says each line; at the end of the input, logs out."""
        while True:
            line = await self.lines.get()
            try:
                if line is None:
                    self.lines.put_nowait(None)  # for the next connection, if this one is lost
                    return await self.say(socket, "logout")
                self.unheard += 1
                await self.say(socket, "chat", value=line)
            except websocket.Closed:
                return  # the reading side meets the same end, and comes back

    async def say(self, socket, kind, **fields):
        await socket.send(json.dumps({"type": kind, "username": self.name, **fields}))

    def show(self, message):
        kind = message["type"]
        if kind == "chat":
            value = message["value"]
            text = value if isinstance(value, str) else json.dumps(value)
            print(f"{printable(message['username'])}: {printable(text)}", flush=True)
            if message["username"].lower() == self.name.lower():
                self.unheard = max(0, self.unheard - 1)
        elif kind == "error":
            note(f"refused ({message['code']}): {message['value']}")
            self.unheard = max(0, self.unheard - 1)


def printable(text):
    """The text without characters that would move the terminal's cursor or change its colours."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def note(text):
    """Tells the person at the terminal something that nobody has said."""
    print(f"* {printable(text)}", file=sys.stderr, flush=True)


def read_input(chat, loop):
    """Reads the standard input in a thread of its own: a read of a file or a terminal blocks."""
    try:
        for line in sys.stdin:
            if line.strip():
                loop.call_soon_threadsafe(chat.lines.put_nowait, line.rstrip("\n"))
        loop.call_soon_threadsafe(chat.lines.put_nowait, None)
    except RuntimeError:
        pass  # the loop has ended


async def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("name", help="the name to log in with")
    arguments.add_argument("--url", default="ws://127.0.0.1:4567/ws", help="default: %(default)s")
    options = arguments.parse_args()
    chat = Chat(options.url, options.name)
    loop = asyncio.get_running_loop()
    threading.Thread(target=read_input, args=(chat, loop), daemon=True).start()
    await chat.run()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except GivenUp as error:
        note(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
