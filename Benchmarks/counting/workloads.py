"""What a node is made to do while it is counted, and how a cost is computed from two counts."""

import statistics
import time

from .callgrind import STRETCH, Counts, Trouble
from .client import PING, PONG, Client, Unexpected, V1Client, chat, frame

# Each figure is the median of this number of rounds.
ROUNDS = 3
# A batch of 64 costs so much that the rest of a disturbed round, divided among recipients, is half of
# what one of them costs: more rounds find an undisturbed one.
ROUNDS_OF_BATCHES = 12
# The difference between few and many is, as nearly as possible, a whole number of what a node does
# at intervals: freeing the places of old messages in a room's log, every 1,001 of them
# (RoomLog.swift).
FEW_MESSAGES, MANY_MESSAGES = 20, 1021
FEW_BATCHES, MANY_BATCHES = 2, 49
# With Redis, that keeps the log, and the shorter a round is, the less a busy machine disturbs it.
MANY_TO_REDIS, MANY_BATCHES_TO_REDIS = 220, 18
# Less than the 64 sends after which a broadcast first reads the clock (BroadcastBudget.swift).
FEW_RECIPIENTS, MANY_RECIPIENTS = 10, 60
FEW_VISITS, MANY_VISITS = 10, 50
# The number of messages that a client has missed when it comes back: as in S12.
MISSED = 100
BATCH = 64
# The number that a loop reminds in one batch in any case, however little time a busy machine leaves
# it (Shard+DeferredWork.swift, `work`).
PINGED_CLIENTS = 8
# So many that each client's share of what a node does by itself once a second is small.
IDLE_CLIENTS = 200
IDLE_SECONDS = 4
# Three of the rounds have to be undisturbed. If the logins take as long as a turn of the wheel,
# half are disturbed.
IDLE_ROUNDS = 20

# A node keeps a room's last 1,000 messages and 1,024 for those that fall behind (Limits.swift): the
# cost of a message is constant once an old one goes for every new one.
BATCHES_TO_FILL = 18

# Longer than a run, so that no client is pinged and no handshake times out during one.
LONG = ("--ping-interval", "1h", "--pong-timeout", "1m", "--handshake-timeout", "1h")
# The shortest that leaves a busy machine time to answer.
OFTEN = ("--ping-interval", "6s", "--pong-timeout", "5s", "--handshake-timeout", "1h")
# The time between two pings by default (Limits.swift, pingInterval).
PING_SECONDS = 25
# Twice what a room's next news of who is present waits (Limits.presencePause), and what a node under Callgrind
# takes to tell it.
PRESENCE_SECONDS = 3
PING_ROUNDS = 7
# The time between two ticks (Limits.swift, wheelTick).
TICK_SECONDS = 0.25


def middle(costs):
    """Returns the median, of instructions and of allocations."""
    return Counts(
        statistics.median(cost.instructions for cost in costs),
        statistics.median(cost.allocations for cost in costs),
    )


def least(costs):
    """Returns the least counts, those with the fewest disturbances: a busy machine adds turns of
    the loop."""
    return Counts(
        min(cost.instructions for cost in costs),
        min(cost.allocations for cost in costs),
    )


def slope(node, work, few, many, rounds=ROUNDS):
    """Returns the cost of one more. The cost of measuring cancels out, and so does a constant
    rest."""

    def cost(count):
        node.forget()
        work(count)
        return node.counts()

    counted = [(cost(many), cost(few)) for _ in range(rounds)]
    more, less = (least(costs) for costs in zip(*counted))
    return (more - less) / (many - few)


class Room:
    """A client that sends, others that listen, and all of them wait for every message."""

    def __init__(self, node):
        self.node = node
        self.sender = Client(node.port)
        self.sender.login("sender")
        self.listeners = []
        self.message = chat("sender", "a message of the length that people write to each other")

    def grow(self, recipients):
        """Adds listeners until this number of clients receives a message, the sender among them."""
        while len(self.listeners) + 1 < recipients:
            self.listeners.append(Client(self.node.port))

    def say(self, count, at_once):
        """Sends `count` segments of `at_once` messages, each when all clients have received the
        last."""
        for _ in range(count):
            self.sender.send(self.message * at_once)
            for client in (self.sender, *self.listeners):
                client.expect_chats(at_once)
        self.sender.settle()

    def cost_of_one(self, many=MANY_MESSAGES):
        """Returns the cost of a message on its own, to all clients."""
        return slope(self.node, lambda count: self.say(count, 1), FEW_MESSAGES, many)

    def cost_of_batch(self, many=MANY_BATCHES):
        """Returns the cost of a batch, to all clients."""
        return slope(
            self.node,
            lambda count: self.say(count, BATCH),
            FEW_BATCHES,
            many,
            ROUNDS_OF_BATCHES,
        )

    def fill(self):
        """Sends until every new message takes the place of an old one."""
        self.say(BATCHES_TO_FILL, BATCH)


def fan_out(node):
    """Returns the costs per message and per recipient, from the line through two sizes of a
    room."""
    room = Room(node)
    room.fill()
    costs = {}
    for recipients in (FEW_RECIPIENTS, MANY_RECIPIENTS):
        room.grow(recipients)
        room.say(2, BATCH)
        costs[recipients] = room.cost_of_one(), room.cost_of_batch()
    few, many = costs[FEW_RECIPIENTS], costs[MANY_RECIPIENTS]
    one, batch = (
        (more - less) / (MANY_RECIPIENTS - FEW_RECIPIENTS) for less, more in zip(few, many)
    )
    return {
        "recipient": one,
        "message": few[0] - one * FEW_RECIPIENTS,
        "recipient of 64": batch,
        "message of 64": (few[1] - batch * FEW_RECIPIENTS) / BATCH,
    }


def through_redis(node, recipient):
    """Returns the cost of a message through Redis and back; the sender is its only recipient."""
    room = Room(node)
    room.fill()
    return {
        "redis message": room.cost_of_one(MANY_TO_REDIS) - recipient["recipient"],
        "redis message of 64": (
            room.cost_of_batch(MANY_BATCHES_TO_REDIS) - recipient["recipient of 64"]
        )
        / BATCH,
        "redis visit": visit(node),
        "redis resume": resume(node),
    }


def visits(node):
    """Returns the costs of a visit to a node on its own, and of a way back to it."""
    return {"visit": visit(node), "resume": resume(node)}


def visit(node):
    """Returns the cost of connecting, logging in, and leaving again."""
    resident = Client(node.port)

    def come(count):
        for _ in range(count):
            guest = Client(node.port)
            guest.login("guest")
            guest.leave()
        resident.settle()

    come(FEW_VISITS)
    return slope(node, come, FEW_VISITS, MANY_VISITS)


class Absentee:
    """A client of chat.v1 that comes back again and again to the same place in the lobby, which MISSED
    messages follow, and is lost each time."""

    def __init__(self, node):
        self.node = node
        self.place, self.session = self._place(), {}
        self.come_back()

    def _place(self):
        """Has a client speak, and returns its position before the last MISSED messages."""
        speaker = V1Client(self.node.port)
        speaker.enter("speaker")
        speaker.ask(type="join")
        place = {"epoch": speaker.answer("joined")["epoch"]}
        speaker.answer("synced")
        for count in (1, MISSED):
            for _ in range(count):
                speaker.ask(type="chat", value="a message of the length that people write")
            chats = [speaker.answer("chat") for _ in range(count)]
            if count == 1:
                place |= {key: chats[0][key] for key in ("seq", "mid")}
        speaker.leave()
        return place

    def come_back(self):
        """Takes the name over, joins from the position, and reads everything up to synced."""
        client = V1Client(self.node.port)
        self.session = client.enter("absentee", **self.session)
        client.ask(type="join", since=self.place)
        if not client.answer("joined")["recovered"]:
            raise Unexpected("not recovered")
        client.expect_chats(MISSED)
        client.answer("synced")
        client.cut()


def resume(node):
    """Returns the cost of a client that comes back with MISSED messages missing, from its handshake on,
    and of the end of its socket before that."""
    absentee, resident = Absentee(node), Client(node.port)

    def come(count):
        for _ in range(count):
            absentee.come_back()
        resident.settle()

    come(FEW_VISITS)
    return slope(node, come, FEW_VISITS, MANY_VISITS)


def crowd(node, count):
    """Returns this number of clients, all logged in."""
    clients = [Client(node.port) for _ in range(count)]
    for index, client in enumerate(clients):
        client.login(f"idler{index}")
    clients[-1].settle()
    # The node tells once more, after a second, who is present; then nothing changes.
    time.sleep(PRESENCE_SECONDS)
    return clients


def idle_client(node, pinged):
    """Returns the cost of a minute of an idle client: what a node does by itself, and pings.

    The first node sends no ping while it is counted, the second one sends them often."""
    clients = crowd(node, IDLE_CLIENTS)
    quiet = []
    for _ in range(IDLE_ROUNDS):
        node.forget()
        time.sleep(IDLE_SECONDS)
        counts = node.counts()
        # A ping that is an hour off is reminded of every 64 s (Wheel.swift); for which client, and
        # so in which round, depends on how long they took to log in. One that is 25 s off never is.
        if counts.stretches == 0:
            quiet.append(counts * (60 / IDLE_SECONDS / IDLE_CLIENTS))
        if len(quiet) == ROUNDS:
            break
    else:
        raise Trouble(f"{node.name} was never left alone for {IDLE_SECONDS} s")
    minute = middle(quiet)
    for client in clients:
        client.leave()
    return {"idle client": minute + ping(pinged) * (60 / PING_SECONDS)}


def ping(node):
    """Returns the cost of a ping and its answer. All answers come at once, and are read in one turn
    of the loop; the pings share a tick unless the turn before crossed the end of one, which a busy
    machine makes likelier. A round in which they took more batches than in another does not
    count."""
    clients = crowd(node, PINGED_CLIENTS)
    # Each round goes from the end of one to the end of the next, so that what follows a ping later
    # is in it once too. In the first round of all, tables grow.
    answer_pings(node, clients)
    answer_pings(node, clients)
    rounds = []
    for _ in range(PING_ROUNDS):
        node.forget()
        answer_pings(node, clients)
        rounds.append(node.counts() / len(clients))
    fewest = min(counts.stretches for counts in rounds)
    if fewest == 0:
        raise Trouble(f"{node.name} did no chores, or they are not called {STRETCH.pattern} any more")
    return middle([counts for counts in rounds if counts.stretches == fewest])


def idle_node(node):
    """Returns the cost of a minute without clients."""
    return {"idle node": node.tick * (60 / TICK_SECONDS)}


def answer_pings(node, clients):
    """Waits until each client has a ping, and makes the node read all answers at the same time."""
    payloads = [client.expect(PING) for client in clients]
    with node.stopped():
        for client, payload in zip(clients, payloads):
            client.send(frame(PONG, payload))
    # The last client's answer is read last.
    clients[-1].settle()
