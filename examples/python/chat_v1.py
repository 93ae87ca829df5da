"""A client of chat.v1 that loses nothing, says nothing twice, and comes back by itself; `talk.py` uses it.

C1, C2 … are the rules in docs/protocol/clients.md. Needs Python 3.9 or later and no packages.
"""

import asyncio
import contextlib
import json
import random
import time
from types import SimpleNamespace

import websocket

FINAL_CODES = {1000, 1002, 1003, 1007, 1008, 1009, 4001}  # C28: a client does not come back by itself
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0  # C29: seconds before a new connection, at most
OWN_NAME_WAIT = 60.0  # C9: seconds for which a socket that is dead may hold the name
OUTBOX, ON_THE_WAY, PAUSE = 1000, 32, 0.05  # C13: messages, messages, seconds after each
EVENTS = 256  # C27: events that wait for the application; when there are more, nothing is read
ANSWER, LATE = 8.0, 5.0  # C31: seconds for any sign of life after a ping; C32: a timer so late has slept
wall = time.time  # a clock that goes on while the machine sleeps


class GivenUp(Exception):
    """Going on would not help; the text says why."""


class Room:
    """A room that the client hears, or has left."""

    def __init__(self, name):
        self.name, self.history, self.is_wanted, self.join_at = name, None, False, 0.0  # C30: not before that
        self.position, self.next, self.awaited = None, None, False  # C17; what comes next; an open `join`

    def stand(self, message):
        self.position = {key: message[key] for key in ("epoch", "seq", "mid")}
        self.next = message["seq"] + 1


class Client:
    """One login and its rooms, over one connection after another."""

    def __init__(self, url, name=None, session=None):
        self.url, self.name, self.session = url, name, session
        self.rooms, self.outbox, self.next_n, self.login_at = {}, [], 1, 0.0  # C30: no login before that
        self.events = asyncio.Queue(EVENTS)  # what the server says of rooms, `online`, `offline`, `settled`
        self.socket, self.is_logged_in, self.tasks = None, False, []
        self.failures, self.login_open, self.lost_at = 0, False, float("-inf")  # C29; C9: a login without answer
        self.hold = None  # C14: the lowest number refused, and when to go on from it, once all are answered
        self.ping_seconds, self.reading_since, self.asked_at = 25.0, None, None
        self.is_due, self.has_space, self.wakes = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run(self):
        """Connects again and again, until `log_out` or `GivenUp`."""
        watching = asyncio.create_task(self.watch())
        try:
            while (code := await self.connection()) != 1000:
                await self.events.put({"type": "offline", "code": code})
                if code in FINAL_CODES or code == 4003:
                    raise GivenUp(f"closed with {code}")
                self.failures = 16 if code == 4008 else min(self.failures + 1, 16)  # 4008: flooding
                wait = random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** (self.failures - 1)))  # C29
                self.wakes.clear()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self.wakes.wait(), wait)
        finally:
            watching.cancel()

    async def say(self, room, value, key=None):
        """Puts a message into the outbox, when that has space (C13). Its `done` becomes its fate."""
        while len(self.outbox) >= OUTBOX:
            self.has_space.clear()
            await self.has_space.wait()
        done = asyncio.get_running_loop().create_future()
        message = SimpleNamespace(room=room, value=value, key=key, n=None, is_sent=False, done=done)
        self.outbox.append(message)
        self.is_due.set()
        return message

    async def join(self, name, history=None):
        room = self.rooms.setdefault(name, Room(name))
        if not room.is_wanted:
            room.is_wanted, room.history, room.position = True, history, None
            await self.ask_to_join(room)

    async def leave(self, name):
        self.rooms[name].is_wanted = False
        if not self.rooms[name].awaited:  # C24
            await self.send("leave", room=name)

    async def log_out(self):
        while self.outbox:  # C16
            await asyncio.wait([self.outbox[-1].done])
        await self.send("logout")

    async def connection(self):
        """Plays one connection to its end. Returns its close code."""
        try:
            self.socket = await websocket.connect(self.url, "chat.v1")
        except websocket.NotSpoken as error:
            raise GivenUp(str(error)) from None  # C1
        except (OSError, asyncio.TimeoutError, websocket.Refused):
            return 1006
        self.tasks, self.asked_at = [asyncio.create_task(self.speak())], None
        for room in self.rooms.values():
            room.awaited = False
        try:
            if self.name:
                await self.log_in()
            for room in [room for room in self.rooms.values() if not room.awaited]:
                await self.ask_to_join(room)  # C18
            while True:
                self.reading_since = time.monotonic()
                text = await self.socket.receive()
                self.reading_since = None
                await self.take(json.loads(text))
        except websocket.Closed as end:
            return end.code
        finally:
            for task in self.tasks:
                task.cancel()
            self.socket.drop()
            if self.login_open and not self.session:
                self.lost_at = time.monotonic()
            self.socket, self.reading_since, self.is_logged_in, self.login_open = None, None, False, False

    def later(self, at, action, *arguments):
        """Returns whether an instant is still to come: then something is done at it, while the socket lasts."""
        async def act():
            await asyncio.sleep(at - time.monotonic())
            await action(*arguments)
        if is_later := at > time.monotonic():
            self.tasks.append(asyncio.create_task(act()))
        return is_later

    async def send(self, kind, **fields):
        with contextlib.suppress(websocket.Closed):  # the reading side meets the same end
            if self.socket:
                await self.socket.send(json.dumps({"type": kind, **fields}))

    async def log_in(self):
        if not self.later(self.login_at, self.log_in):  # C30
            self.login_open = True
            await self.send("login", username=self.name, **({"session": self.session} if self.session else {}))

    async def ask_to_join(self, room):
        is_due = self.socket and room.is_wanted and not room.awaited
        if is_due and not self.later(room.join_at, self.ask_to_join, room):  # C30
            room.awaited = True
            wishes = {"since": room.position, "history": room.history}
            await self.send("join", room=room.name, **{key: wish for key, wish in wishes.items() if wish})

    async def watch(self):
        """Looks every second whether the connection is alive, and whether the machine has slept."""
        while True:
            before = wall()
            await asyncio.sleep(1)
            if has_slept := wall() - before > 1 + LATE:  # C32
                self.wakes.set()
            if not self.socket or self.reading_since is None:
                continue  # C27: what the application does not let the client read is no silence
            now, heard = time.monotonic(), self.socket.heard_at
            if self.asked_at and heard < self.asked_at:
                if now - self.asked_at > ANSWER:
                    self.socket.drop()  # C31
            elif has_slept or now - max(heard, self.reading_since) > self.ping_seconds:
                self.asked_at = now
                await self.send("ping")

    async def speak(self):
        while True:
            message = self.due()
            if message:
                if message.n is None:
                    message.n, self.next_n = self.next_n, self.next_n + 1  # C11
                message.is_sent = True
                await self.send("chat", room=message.room, value=message.value, n=message.n)
                await asyncio.sleep(PAUSE)
            else:
                self.is_due.clear()
                await self.is_due.wait()

    def due(self):
        """Returns the message to send next; None if there is none, or it has to wait (C5, C13, C14)."""
        if self.is_logged_in and not self.hold and sum(one.is_sent for one in self.outbox) < ON_THE_WAY:
            return next((message for message in self.outbox if not message.is_sent), None)

    async def settle(self, message, state, **fields):
        self.outbox.remove(message)
        self.has_space.set()
        self.is_due.set()
        message.done.set_result(state)
        await self.events.put({"type": "settled", "key": message.key, "state": state, **fields})

    def renumber(self, first):
        """Numbers what has a number anew: mostly C6, which changes nothing; C7 and C12 move all down."""
        for message in self.outbox:
            if message.n is not None:
                message.n, first = first, first + 1
        self.next_n = first
        self.is_due.set()

    async def refused(self, message, error):
        """Takes an `error` about a message of the outbox."""
        lowest, until = self.hold or (message.n, 0)
        until = max(until, time.monotonic() + error.get("retry_ms", 0) / 1000)
        self.hold = (min(lowest, message.n, error.get("from", message.n)), until)
        message.is_sent = False
        if error["code"] not in ("unavailable", "rate_limited", "resend"):  # C12
            await self.settle(message, "failed", code=error["code"])

    async def release(self, hold):
        if self.hold is hold:
            self.hold = None
            self.renumber(hold[0])

    async def take(self, message):
        action = getattr(self, f"on_{message['type']}", None)
        room = self.rooms.get(message.get("room", "lobby"))
        if action:
            await action(message)
        elif message["type"] in ("pong", "status"):
            await self.events.put(message)  # C33
        elif room and room.is_wanted and room.position and not room.awaited:  # C24
            await self.hear(room, message)
        if self.hold and not any(one.is_sent for one in self.outbox):
            self.later(self.hold[1], self.release, self.hold) or await self.release(self.hold)  # C14, C30

    async def hear(self, room, message):
        """Takes what is said of a room; C2, C3: also what a later version says. C25 is the application's."""
        if message["type"] == "reset":
            room.stand(message)  # C21
        elif message["type"] == "gap":
            room.next = message["to"] + 1  # C20
        elif "seq" in message and "mid" in message:  # C23, C26: a `removed` is one, a `history` is none
            if message["seq"] != room.next:  # C22
                await self.send("leave", room=room.name)
                return await self.ask_to_join(room)
            room.position = {**room.position, "seq": message["seq"], "mid": message["mid"]}  # C17
            room.next += 1
        await self.events.put({**message, "room": room.name})

    async def on_joined(self, message):
        room = self.rooms[message["room"]]
        room.awaited = False
        if not room.is_wanted:
            return await self.send("leave", room=room.name)  # C24
        has_hole = room.position and any(room.position[key] != message[key] for key in ("seq", "mid"))  # C19
        room.stand(message)
        self.failures = self.failures if self.name else 0  # C29
        await self.events.put({**message, "has_hole": bool(has_hole)})

    async def on_logged_in(self, message):
        self.failures, self.login_open, self.hold = 0, False, self.hold and (message["acked"] + 1, self.hold[1])
        self.session = message.get("session", self.session)  # C4
        self.ping_seconds = message["ping_ms"] / 1000
        for one in [one for one in self.outbox if one.n is not None]:
            one.is_sent = False
            if not message["resumed"] or one.n <= message["acked"]:
                await self.settle(one, "acknowledged" if message["resumed"] else "unknown")  # C6, C8
        self.is_logged_in = True
        self.renumber(message["acked"] + 1)
        await self.events.put({**message, "type": "online"})

    async def on_login_failure(self, message):  # C9
        is_own = message["value"] == "taken" and time.monotonic() - self.lost_at < OWN_NAME_WAIT
        self.login_open, wait = False, message.get("retry_ms", 1000 if is_own else None)
        if not wait:
            raise GivenUp(message["message"])
        self.login_at = time.monotonic() + wait / 1000
        await self.log_in()

    async def on_logged_out(self, message):
        if "reason" not in message:
            self.socket.close()
            raise websocket.Closed(1000)
        if message["reason"] == "lease_lost":
            await self.on_error({"code": "not_logged_in"})

    async def on_ack(self, message):
        for one in [one for one in self.outbox if one.n == message.get("n")]:  # C15
            await self.settle(one, "acknowledged", mid=message["mid"])

    async def on_error(self, message):
        n, room = message.get("n"), self.rooms.get(message.get("room", "lobby"))
        one = next((one for one in self.outbox if one.is_sent and one.n == n), None)
        if message["code"] == "not_logged_in" and self.is_logged_in:
            self.is_logged_in = False
            await self.log_in()  # C10
        elif one and self.is_logged_in:
            await self.refused(one, message)
        elif self.login_open and not n and "room" not in message and "retry_ms" in message:
            await self.on_login_failure({**message, "value": message["code"]})
        else:
            if room and room.awaited and not n and "room" in message:
                room.awaited, room.is_wanted = False, room.is_wanted and "retry_ms" in message
                room.join_at = time.monotonic() + message.get("retry_ms", 0) / 1000
                if room.is_wanted:
                    return await self.ask_to_join(room)  # C18
            await self.events.put(message)
