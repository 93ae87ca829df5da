#!/usr/bin/env python3
"""A chat client for the terminal by chat.v1: says each line of its input once, prints what is said.

    python3 examples/python/talk.py Ada --room tea
    python3 examples/python/talk.py Ada --url ws://127.0.0.1:18080/ws

Comes back by itself, and ends with the input (Ctrl-D) or with Ctrl-C. Exit codes: 0 the input ended ·
1 going on does not help · 130 Ctrl-C.
"""

import argparse
import asyncio
import json
import sys
import threading

import chat_v1


def printable(text):
    """The text without characters that would move the terminal's cursor or change its colours."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def note(text):
    """Tells the person at the terminal something that is no message."""
    print(f"* {printable(text)}", file=sys.stderr, flush=True)


def show(event):
    kind = event["type"]
    if kind == "chat":
        value = event["value"]
        text = value if isinstance(value, str) else json.dumps(value)
        print(f"{printable(event['username'])}: {printable(text)}", flush=True)
    elif kind == "online":
        note(f"logged in as {event['username']} on {event['node']}")
    elif kind == "offline":
        note(f"offline ({event['code']}); coming back")
    elif kind == "joined" and event["has_hole"]:
        note("something was said meanwhile that is not kept")
    elif kind == "gap":
        note(f"{event['to'] - event['from'] + 1} messages are lost to you")
    elif kind == "reset":
        note(f"what came after message {event['seq']} is void; what is kept of it comes again")
    elif kind == "settled" and event["state"] == "failed":
        note(f"not said: {event['key']} ({event['code']})")
    elif kind == "settled" and event["state"] == "unknown":
        note(f"said or not, which is not known: {event['key']}")
    elif kind == "presence":
        for name in event.get("joined", []):
            note(f"{name} is here")
        for name in event.get("left", []):
            note(f"{name} is gone")
    elif kind == "error":
        note(event["value"])


def read_input(loop, lines):
    """Reads the standard input in a thread of its own: a read of a file or a terminal blocks."""
    for line in sys.stdin:
        if line.strip():
            loop.call_soon_threadsafe(lines.put_nowait, line.rstrip("\n"))
    loop.call_soon_threadsafe(lines.put_nowait, None)


async def say_all(client, lines, room):
    while (line := await lines.get()) is not None:
        await client.say(room, line, key=line)
    await client.log_out()


async def show_all(events):
    while True:
        show(await events.get())


async def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("name", help="the name to log in with")
    arguments.add_argument("--room", default="lobby", help="default: %(default)s")
    arguments.add_argument("--url", default="ws://127.0.0.1:4567/ws", help="default: %(default)s")
    options = arguments.parse_args()
    client, lines = chat_v1.Client(options.url, options.name), asyncio.Queue()
    await client.join(options.room)
    thread = threading.Thread(target=read_input, args=(asyncio.get_running_loop(), lines), daemon=True)
    thread.start()
    work = [say_all(client, lines, options.room), show_all(client.events)]
    beside = [asyncio.create_task(one) for one in work]
    try:
        await client.run()
    finally:
        while not client.events.empty():
            show(client.events.get_nowait())
        for task in beside:
            task.cancel()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except chat_v1.GivenUp as error:
        note(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
