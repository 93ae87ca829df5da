#!/usr/bin/env python3
"""Connects chat_v1.py with `chatnode conform`: lines of JSON in and out, as docs/protocol/conform.md says.

    chatnode conform --client 'python3 examples/python/adapter.py'
"""

import asyncio
import json
import sys
import threading
import time

import chat_v1


def see(event):
    """Writes what the application sees; the library's other events are not asked for."""
    kind, keys = event["type"], []
    if kind == "chat":
        kind, keys = "entry", ["room", "seq", "mid", "value"]
    elif kind == "joined" and event["has_hole"]:
        kind, keys = "hole", ["room"]
    elif kind == "removed":
        event = {"room": event["room"], "mid": event.get("of", event)["mid"]}
        keys = ["room", "mid"]
    elif kind in ("gap", "reset", "settled"):
        keys = ["room", "from", "to", "seq", "key", "state", "mid", "code"]
    print(json.dumps({"see": kind, **{key: event[key] for key in keys if key in event}}), flush=True)


async def show(client, may_go_on):
    while True:
        await may_go_on.wait()
        see(await client.events.get())


async def run(client):
    why = "logged out"
    try:
        await client.run()
    except chat_v1.GivenUp as error:
        why = str(error)
    print(json.dumps({"see": "stopped", "why": why}), flush=True)


async def main():
    loop, lines, slept = asyncio.get_running_loop(), asyncio.Queue(), 0
    may_go_on, client, tasks = asyncio.Event(), chat_v1.Client(None), []
    chat_v1.wall = lambda: time.time() + slept
    may_go_on.set()

    def read():
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, json.loads(line))
        loop.call_soon_threadsafe(lines.put_nowait, {"do": "end"})

    threading.Thread(target=read, daemon=True).start()
    while (line := await lines.get())["do"] != "end":
        if line["do"] == "connect":
            client.url, client.name = line["url"], line.get("name")
            tasks += [asyncio.create_task(run(client)), asyncio.create_task(show(client, may_go_on))]
        elif line["do"] == "join":
            await client.join(line["room"])
        elif line["do"] == "leave":
            await client.leave(line["room"])
        elif line["do"] == "send":
            await client.say(line["room"], line["value"], line["key"])
        elif line["do"] == "logout":
            tasks.append(asyncio.create_task(client.log_out()))
        elif line["do"] == "sleep":
            slept += line["ms"] / 1000
        elif line["do"] == "pause":
            may_go_on.clear()
        elif line["do"] == "go on":
            may_go_on.set()


if __name__ == "__main__":
    asyncio.run(main())
