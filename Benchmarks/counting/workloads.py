"""What a node is made to do while it is counted, and how a cost is made of two counts."""

import statistics
import time

from .callgrind import STRETCH, Counts, Trouble
from .client import PING, PONG, Client, chat, frame

# Each figure is the middle one of so many.
ROUNDS = 3
# What more there is of the many is, as nearly as can be, whole turns of what a node does once in a
# while: freeing the places of old messages in a room's log, every 1,001 of them (RoomLog.swift).
FEW_MESSAGES, MANY_MESSAGES = 20, 1021
FEW_BATCHES, MANY_BATCHES = 2, 49
# Redis keeps the log then, and the less there is to do, the less a busy machine comes in between.
MANY_TO_REDIS, MANY_BATCHES_TO_REDIS = 220, 18
# Under the 64 sends after which a walk first looks whether its time is up (WalkStretch.swift).
FEW_RECIPIENTS, MANY_RECIPIENTS = 10, 60
FEW_VISITS, MANY_VISITS = 10, 50
BATCH = 64
# As many as a loop reminds in one stretch in any case, however little time a busy machine leaves it
# (Shard+Chores.swift, `work`).
PINGED_CLIENTS = 8
# So many that what a node does by itself once a second is little for each of them.
IDLE_CLIENTS = 200
IDLE_SECONDS = 4
# Three of the rounds have to be undisturbed. Logins that take as long as a turn of the wheel disturb half.
IDLE_ROUNDS = 20

# A node keeps a room's last 1,000 messages and 1,024 for those that fall behind (Limits.swift):
# what a message costs is known once an old one goes for every new one.
BATCHES_TO_FILL = 18

# Longer than a run, so that no client is pinged and no handshake looked after in one.
LONG = ("--ping-interval", "1h", "--pong-timeout", "1m", "--handshake-timeout", "1h")
# The shortest that leaves a busy machine time to answer.
OFTEN = ("--ping-interval", "6s", "--pong-timeout", "5s", "--handshake-timeout", "1h")
# Between two pings by default (Limits.swift, pingInterval).
PING_SECONDS = 25
PING_ROUNDS = 7
# Between two ticks (Limits.swift, wheelTick).
TICK_SECONDS = 0.25


def middle(costs):
    """The median, of instructions and of allocations."""
    return Counts(
        statistics.median(cost.instructions for cost in costs),
        statistics.median(cost.allocations for cost in costs),
    )


def least(costs):
    """What was counted where the least came in between: a busy machine adds turns of the loop."""
    return Counts(
        min(cost.instructions for cost in costs),
        min(cost.allocations for cost in costs),
    )


def slope(node, work, few, many):
    """What one more costs. What the measurement costs falls out, and so does a constant tail."""

    def cost(count):
        node.forget()
        work(count)
        return node.counts()

    rounds = [(cost(many), cost(few)) for _ in range(ROUNDS)]
    more, less = (least(costs) for costs in zip(*rounds))
    return (more - less) / (many - few)


class Room:
    """A client that talks, others that listen, and all of them wait for every message."""

    def __init__(self, node):
        self.node = node
        self.sender = Client(node.port)
        self.sender.login("sender")
        self.listeners = []
        self.message = chat("sender", "a message of the length that people write to each other")

    def grow(self, recipients):
        """So many hear a message, the sender among them."""
        while len(self.listeners) + 1 < recipients:
            self.listeners.append(Client(self.node.port))

    def say(self, count, at_once):
        """So many times a number of messages in one segment, the next when everybody has them."""
        for _ in range(count):
            self.sender.send(self.message * at_once)
            for client in (self.sender, *self.listeners):
                client.expect_chats(at_once)
        self.sender.settle()

    def cost_of_one(self, many=MANY_MESSAGES):
        """Of a message on its own, to all of them."""
        return slope(self.node, lambda count: self.say(count, 1), FEW_MESSAGES, many)

    def cost_of_batch(self, many=MANY_BATCHES):
        """Of a batch, to all of them."""
        return slope(self.node, lambda count: self.say(count, BATCH), FEW_BATCHES, many)

    def fill(self):
        """Until every new message takes the place of an old one."""
        self.say(BATCHES_TO_FILL, BATCH)


def fan_out(node):
    """Per message and per recipient: what the line through two sizes of a room says."""
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
    """A message's way through Redis and back; the sender is the only one who hears it."""
    room = Room(node)
    room.fill()
    return {
        "redis message": room.cost_of_one(MANY_TO_REDIS) - recipient["recipient"],
        "redis message of 64": (
            room.cost_of_batch(MANY_BATCHES_TO_REDIS) - recipient["recipient of 64"]
        )
        / BATCH,
        "redis visit": visit(node),
    }


def visits(node):
    """Of one to a node on its own."""
    return {"visit": visit(node)}


def visit(node):
    """Connecting, logging in, and leaving again."""
    resident = Client(node.port)

    def come(count):
        for _ in range(count):
            guest = Client(node.port)
            guest.login("guest")
            guest.leave()
        resident.settle()

    come(FEW_VISITS)
    return slope(node, come, FEW_VISITS, MANY_VISITS)


def crowd(node, count):
    """So many that are logged in."""
    clients = [Client(node.port) for _ in range(count)]
    for index, client in enumerate(clients):
        client.login(f"idler{index}")
    clients[-1].settle()
    return clients


def idle_client(node, pinged):
    """A minute of a client that only stays: of what a node does without being asked, and of pings.

    The first node sends no ping while it is looked at, the second one often."""
    clients = crowd(node, IDLE_CLIENTS)
    quiet = []
    for _ in range(IDLE_ROUNDS):
        node.forget()
        time.sleep(IDLE_SECONDS)
        counts = node.counts()
        # A ping that is an hour off is looked at every 64 s on the way (Wheel.swift): by whom, and so
        # in which round, depends on how long they took to log in. One that is 25 s off never is.
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
    """A ping and its answer. All answers come at once, and are seen in one turn of the loop; the pings
    share a tick unless the turn before fell across the end of one, which a busy machine makes
    likelier. A round in which they took more stretches than in another does not count."""
    clients = crowd(node, PINGED_CLIENTS)
    # From the end of a round to that of another: what follows a ping later is in it once, too. The
    # first of all has tables that grow.
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
    """A minute without clients."""
    return {"idle node": node.tick * (60 / TICK_SECONDS)}


def answer_pings(node, clients):
    """Waits until each has a ping, and lets the node see all answers at the same time."""
    payloads = [client.expect(PING) for client in clients]
    with node.stopped():
        for client, payload in zip(clients, payloads):
            client.send(frame(PONG, payload))
    # The last one's is read last.
    clients[-1].settle()
