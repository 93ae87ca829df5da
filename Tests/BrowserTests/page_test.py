#!/usr/bin/python3
"""The page that every node serves at `/`, tried in a real headless Chromium.

    /usr/bin/python3 Tests/BrowserTests/page_test.py --node .build/debug/chatnode [--screenshots DIR]

Needs Debian's python3-selenium, chromium, chromium-driver and redis-server. Nodes and Redis are started
by the test itself, on free loopback ports. The last line is `N passed, M failed`.
"""

import argparse
import base64
import contextlib
import ctypes
import http.client
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parents[1]))
import ports  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "Sources/CEmbedded/page"
PAGE_BYTES = 90 * 1024  # all files: they are embedded in every node's binary and sent to every visitor
FAR = "chat.test"  # a name that leads the browser to this machine (RFC 6761, section 6.2)
CHROMIUM, CHROMEDRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"

# Time bounds in seconds. None is waited for in full when the awaited thing happens.
NODE_READY = 20  # a debug build on a busy machine; a release build takes milliseconds
NODE_GONE = 30  # the node's own bound for draining is 20 s
ANSWER = 10  # one exchange with a node on loopback, on a busy machine
COME_BACK = 30  # the longest pause of the page's back-off, 20 s, and the connecting behind it
NAME_BACK = 20  # the longest pause before a connection, and slack
GIVEN_UP = 30  # a socket is given up 16 s after a message that has no answer
BROWSER_START = 60  # chromedriver and Chromium, cold
LOOK_AGAIN = 0.05  # between two looks at a condition


# MARK: waiting


def until(what, seconds, look):
    """What `look` returns once that is true; an error naming `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(LOOK_AGAIN)


# MARK: the node


class Node:
    """One node, started and stopped on one port as often as a test likes."""

    def __init__(self, command, folder, name="n1", *options):
        self.command, self.name, self.options = command, name, options
        self.log = open(folder / f"{name}.log", "ab+")
        self.port, self.process = ports.reserve(), None

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def ready(self):
        assert self.process.poll() is None, f"the node ended with {self.process.returncode}"
        try:
            return self.get("/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def start(self):
        self.process = subprocess.Popen(
            [
                self.command, "--host", "127.0.0.1", "--port", str(self.port),
                "--node-id", self.name, "--admin", "none", *self.options,
            ],  # fmt: skip
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        until("GET /readyz is 200", NODE_READY, self.ready)

    def tell(self, number):
        self.process.send_signal(number)

    def pause(self):
        """Stops it until SIGCONT, and waits for all its threads: one may read on until the signal has come to it."""
        self.tell(signal.SIGSTOP)
        until("all threads have stopped", ANSWER, self.is_paused)

    def is_paused(self):
        states = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):  # a thread that has ended
                states.append(task.joinpath("stat").read_text())
        return all(state.rpartition(")")[2].startswith(" T") for state in states)  # proc(5)

    def stop(self, number=signal.SIGTERM):
        self.tell(number)
        self.process.wait(NODE_GONE)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.running:
            self.process.kill()
            self.process.wait()

    def last_words(self):
        self.log.seek(0)
        return self.log.read()[-2000:].decode(errors="replace")


class Cluster:
    """Two nodes that share a Redis, behind a port that leads to the first of them that lives."""

    def __init__(self, command, folder):
        port = ports.reserve()
        self.redis = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        self.nodes = [
            Node(command, folder, name, "--redis", f"redis://127.0.0.1:{port}") for name in ("n1", "n2")
        ]
        until("Redis listens", NODE_READY, lambda: self.connect(port))
        for node in self.nodes:
            node.start()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self.accept, daemon=True).start()

    def connect(self, port):
        try:
            return socket.create_connection(("127.0.0.1", port), ANSWER)
        except OSError:
            return None

    def accept(self):
        try:
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.lead, args=(client,), daemon=True).start()
        except OSError:
            pass  # closed

    def lead(self, client):
        node = next(filter(None, (self.connect(node.port) for node in self.nodes)), None)
        if node:
            node.settimeout(None)
            threading.Thread(target=self.copy, args=(node, client), daemon=True).start()
            self.copy(client, node)
        client.close()

    def copy(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass  # the other side is gone
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
        for node in self.nodes:
            node.kill()
        self.redis.kill()
        self.redis.wait()


# MARK: the people

# Lets a test reach the page's own sockets, to make the server close one for a reason; and has messages get
# lost on their way, also after a reload.
SPY = """
window.spySockets = []; window.spyViolations = [];
window.WebSocket = class extends WebSocket {
  constructor(...all) { super(...all); spySockets.push(this); }
  send(text) { if (!(sessionStorage.getItem('spy.mute') && text.includes('"chat"'))) super.send(text); }
};
addEventListener('securitypolicyviolation', event => spyViolations.push(event.effectiveDirective));
"""

MESSAGES = """
return [...document.querySelectorAll('#log .msg')].map(message => [
  message.querySelector('.name bdi').textContent, message.querySelector('.text').textContent]);
"""

AT_END = """
const { scrollHeight, clientHeight, scrollTop } = document.getElementById('scroll');
return scrollHeight - clientHeight - scrollTop < 2;
"""


class Person:
    """One window of the browser. Every method works in that window."""

    def __init__(self, stage, kind="window", url=None):
        self.driver, self.stage = stage.driver, stage
        self.driver.switch_to.window(stage.home)
        self.driver.switch_to.new_window(kind)
        self.handle = self.driver.current_window_handle
        self.cdp("Page.enable")
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=SPY)
        self.look(1280, 800, "light")
        self.driver.get(url or stage.url)
        self.wait_connected()

    def wait_connected(self):
        until("the page is connected", ANSWER, lambda: self.text("#link").startswith("Connected"))

    def duplicate(self):
        """Another window with a copy of this one's session store, as of a duplicated tab."""
        known = set(self.use().window_handles)
        self.run("window.open(location.href)")
        copy = object.__new__(Person)
        copy.driver, copy.stage = self.driver, self.stage
        new = lambda: set(self.driver.window_handles) - known
        copy.handle = until("there is another window", ANSWER, new).pop()
        copy.wait_connected()
        return copy

    def use(self):
        self.driver.switch_to.window(self.handle)
        return self.driver

    def cdp(self, command, **parameters):
        return self.use().execute_cdp_cmd(command, parameters)

    def run(self, script, *arguments):
        return self.use().execute_script(script, *arguments)

    def look(self, width, height, scheme):
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.cdp("Emulation.setEmulatedMedia", features=features)

    def rest(self):
        """Until nothing moves: a message that arrives slides to its place."""
        settled = "return document.getAnimations().every(one => one.playState === 'finished')"
        until("the animations are over", ANSWER, lambda: self.run(settled))

    def picture(self, name):
        if self.stage.screenshots:
            self.rest()
            data = self.cdp("Page.captureScreenshot", format="png")["data"]
            (self.stage.screenshots / f"{name}.png").write_bytes(base64.b64decode(data))

    def find(self, selector):
        return self.use().find_element("css selector", selector)

    def all(self, selector):
        return self.use().find_elements("css selector", selector)

    def shown(self, selector):
        return any(one.is_displayed() for one in self.all(selector))

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def press(self, *keys, shift=False, alt=False):
        from selenium.webdriver import ActionChains, Keys

        actions = ActionChains(self.use())
        held = [key for key, is_held in ((Keys.SHIFT, shift), (Keys.ALT, alt)) if is_held]
        for key in held:
            actions.key_down(key)
        actions.send_keys(*keys)
        for key in held:
            actions.key_up(key)
        actions.perform()

    def focused(self):
        return self.run("return document.activeElement.id")

    def ask_for(self, name):
        field = self.find("#name")
        field.clear()
        field.send_keys(name, "\n")

    def join(self, name):
        self.ask_for(name)
        self.wait_in(ANSWER)
        return self

    def wait_in(self, seconds, node="n1"):
        """Until this window holds its name."""
        ready = "return document.querySelector('footer b')?.textContent === arguments[0]"
        until(f"the page names its node {node}", seconds, lambda: self.run(ready, node))
        assert self.shown("#compose") and not self.shown("#join") and not self.shown("#banner")

    def go_to(self, room):
        self.find("#room").send_keys(room, "\n")
        until(f"{room} is shown", ANSWER, lambda: self.text("#room-name") == room)

    def show(self, room):
        self.find(f"[data-room={room}]").click()
        until(f"{room} is shown", ANSWER, lambda: self.text("#room-name") == room)

    def rooms(self):
        """Each room in the list, with what its badge says."""
        script = """return [...document.querySelectorAll('#rooms .room')].map(room =>
          [room.dataset.room, room.querySelector('.badge')?.textContent ?? ''])"""
        return dict(self.run(script))

    def people(self):
        return self.run("return [...document.querySelectorAll('#people bdi')].map(one => one.textContent)")

    def frame(self, text):
        """Has the page hear a frame, as from its node."""
        self.run("spySockets.at(-1).onmessage({ data: arguments[0] })", text)

    def kept_name(self):
        return self.run("return JSON.parse(sessionStorage.getItem('chatnode'))?.name ?? null")

    def say(self, text):
        self.find("#text").send_keys(text, "\n")

    def say_at_once(self, texts):
        """As somebody who pastes and hits Enter faster than any keyboard."""
        self.run(
            """for (const text of arguments[0]) {
                 document.getElementById('text').value = text;
                 document.getElementById('compose').requestSubmit();
               }""",
            texts,
        )

    def messages(self):
        return [tuple(one) for one in self.run(MESSAGES)]

    def hears(self, expected, seconds=ANSWER):
        """Until the conversation is exactly `expected`, in order."""
        expected = list(expected)
        try:
            until("", seconds, lambda: self.messages() == expected)
        except AssertionError:
            raise AssertionError(f"heard {self.messages()}, not {expected}") from None

    def close(self):
        self.use().close()


class Stage:
    """What every test gets: a fresh node, and windows that are gone when it is over."""

    def __init__(self, driver, node, screenshots):
        self.driver, self.node, self.screenshots = driver, node, screenshots
        self.home = driver.current_window_handle
        self.url = f"http://127.0.0.1:{node.port}/"
        # The same node where a browser trusts it less: no secure context, and so no Web Locks.
        self.far_url = f"http://{FAR}:{node.port}/"
        self.outage = False  # this test takes the node away: failed connections are expected
        self.clusters = []

    def person(self, name=None, kind="window", url=None, node="n1"):
        one = Person(self, kind, url)
        if name:
            one.ask_for(name)
            one.wait_in(ANSWER, node)
        return one

    def cluster(self):
        self.clusters.append(Cluster(self.node.command, Path(self.node.log.name).parent))
        return self.clusters[-1]

    def complaints(self):
        """What the browser's console says and should not."""
        found = []
        for entry in self.driver.get_log("browser"):
            text = entry["message"]
            expected = self.outage and ("WebSocket connection to" in text or "Failed to load" in text)
            if entry["level"] == "SEVERE" and not expected or "Content Security Policy" in text:
                found.append(text)
        return found

    def clear(self):
        for handle in self.driver.window_handles:
            if handle != self.home:
                self.driver.switch_to.window(handle)
                self.driver.close()
        self.driver.switch_to.window(self.home)
        for cluster in self.clusters:
            cluster.close()


# MARK: the tests

TESTS = []


def test(function):
    TESTS.append(function)
    return function


@test
def the_page_is_small_and_the_node_serves_its_files_as_they_are(stage):
    files = {path.name: path.read_bytes() for path in PAGE.iterdir()}
    # The types are for compilers: no visitor loads them.
    size = sum(len(content) for name, content in files.items() if name != "chatnode.d.ts")
    print(f"      {size} bytes")
    assert size < PAGE_BYTES, f"{size} bytes"
    for name, content in files.items():
        status, headers, body = stage.node.get("/" if name == "index.html" else f"/{name}")
        assert status == 200, f"{name}: {status}"
        assert body == content, f"{name}: the node was built with another version"


@test
def a_browser_that_has_the_page_is_sent_none_of_its_files_again(stage):
    stage.person()
    ada = stage.person()
    sizes = """return performance.getEntriesByType('resource').map(
                 one => [new URL(one.name).pathname, one.transferSize, one.encodedBodySize])"""
    loaded = ada.run(sizes)
    unnamed = ("index.html", "chatnode.d.ts")
    named = {f"/{path.name}" for path in PAGE.iterdir() if path.name not in unnamed}
    assert named == {path for path, _, _ in loaded}, loaded
    # The browser counts 300 bytes for the head of any answer: Resource Timing, section 4.5.1.
    assert all(sent == 300 and body > 0 for _, sent, body in loaded), loaded


class Prefix(socketserver.ThreadingTCPServer):
    """A balancer that serves a node's paths under a prefix, which it takes off each request."""

    daemon_threads = True

    def __init__(self, node, prefix):
        self.node, self.prefix = node, prefix.encode()
        super().__init__(("127.0.0.1", 0), Prefixed)
        self.url = f"http://127.0.0.1:{self.server_address[1]}{prefix}"


class Prefixed(socketserver.BaseRequestHandler):
    """One connection through `Prefix`."""

    def handle(self):
        with socket.create_connection(("127.0.0.1", self.server.node.port), ANSWER) as node:
            node.settimeout(None)
            back = threading.Thread(target=self.copy, args=(node, self.request), daemon=True)
            back.start()
            self.copy(self.request, node)
            back.join()

    def copy(self, source, sink):
        try:
            while data := source.recv(65536):
                # The browser sends the head of a request in one piece, and waits for the answer.
                if data.startswith(b"GET ") and sink is not self.request:
                    path = data.split(b" ")[1]
                    assert path.startswith(self.server.prefix), f"outside of the prefix: {path}"
                    data = data.replace(self.server.prefix, b"/", 1)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one side is gone: the other one hears so by the closing of its socket


@test
def the_page_works_under_a_path_prefix_of_a_balancer(stage):
    with Prefix(stage.node, "/some/where/") as balancer:
        threading.Thread(target=balancer.serve_forever, args=(LOOK_AGAIN,), daemon=True).start()
        try:
            ada, bob = stage.person("ada", url=balancer.url), stage.person("bob")
            ada.say("from afar")
            bob.hears([("ada", "from afar")])
            # No browser's connection is left when the balancer ends.
            ada.close()
        finally:
            balancer.shutdown()


@test
def the_policy_refuses_what_the_page_did_not_bring(stage):
    somebody = stage.person()
    somebody.run(
        """const script = document.createElement('script');
           try { script.textContent = 'window.intruder = 1'; document.body.append(script); } catch {}
           const image = document.createElement('img');
           image.src = '/picture.png';
           document.body.append(image);
           document.body.setAttribute('style', 'color: red');"""
    )
    seen = until(
        "violations are reported",
        ANSWER,
        lambda: somebody.run("return spyViolations.length >= 3 && spyViolations"),
    )
    assert {"img-src", "style-src-attr"} <= set(seen), seen
    assert somebody.run("return window.intruder") is None
    thrown = "try { document.body.innerHTML = '<b>x</b>' } catch (e) { return e.name }"
    assert somebody.run(thrown) == "TypeError", "innerHTML works"
    stage.driver.get_log("browser")  # these complaints were asked for


@test
def two_people_see_each_others_messages_in_order_and_once(stage):
    somebody = stage.person()
    somebody.picture("login-light")
    somebody.look(1280, 800, "dark")
    somebody.picture("login-dark")
    somebody.look(360, 740, "light")
    somebody.picture("login-narrow")
    ada, bob = stage.person("ada"), stage.person("bob")
    expected = []
    for turn in range(5):
        for who, name in ((ada, "ada"), (bob, "bob")):
            who.say(f"{name} {turn}")
            expected.append((name, f"{name} {turn}"))
            ada.hears(expected)
            bob.hears(expected)
    assert not ada.all("#outbox li") and not bob.all("#outbox li")
    assert ada.text("#link").startswith("Connected to node n1 · "), ada.text("#link")


@test
def who_has_not_logged_in_reads_along(stage):
    reader = stage.person()
    ada = stage.person("ada")
    ada.say("Is anybody there?")
    reader.hears([("ada", "Is anybody there?")])
    assert reader.shown("#join") and not reader.shown("#compose")
    quiet = "return document.getElementById('log').getAttribute('aria-live')"
    assert reader.run(quiet) == "off"
    until("what is said is read out", ANSWER, lambda: ada.run(quiet) == "polite")
    reader.picture("login-reading")


@test
def a_name_that_is_taken_in_another_spelling_is_refused_with_a_reason(stage):
    stage.person("ada")
    other = stage.person()
    other.ask_for("ADA")
    until("the form tells why", ANSWER, lambda: other.shown("#name-trouble"))
    assert "taken" in other.text("#name-trouble"), other.text("#name-trouble")
    assert other.run("return document.getElementById('name').getAttribute('aria-invalid')") == "true"
    assert other.focused() == "name"
    other.picture("login-taken")
    other.ask_for("two words")
    until("the form tells again", ANSWER, lambda: "taken" not in other.text("#name-trouble"))
    until("the form tells why", ANSWER, lambda: other.shown("#name-trouble"))
    other.join("carol")


@test
def html_in_a_message_is_text(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    nasty = "<img src=x onerror=\"window.intruder=1\"><script>window.intruder=1</script>&lt;b&gt;"
    ada.say(nasty)
    ada.hears([("ada", nasty)])
    bob.hears([("ada", nasty)])
    for who in (ada, bob):
        assert who.run("return window.intruder") is None
        assert not who.all("#log img") and not who.all("#log script")


@test
def a_value_that_is_no_string_is_shown_as_it_was_sent(stage):
    ada = stage.person("ada")
    ada.run(
        """const robot = new WebSocket(`ws://${location.host}/ws`);
           robot.onopen = () => {
             robot.send('{"type":"login","username":"robot"}');
             robot.send('{"type":"chat","username":"robot","value":12345678901234567890.10}');
             robot.send('{"type":"chat","username":"robot","value":{ "2": [null, "a, b"], "1": {"value": "}"} }}');
             robot.send('{"type":"chat","username":"robot"}');
           };"""
    )
    ada.hears(
        [
            ("robot", "12345678901234567890.10"),
            ("robot", '{"2":[null,"a, b"],"1":{"value":"}"}}'),
            ("robot", "null"),
        ]
    )


@test
def the_keyboard_is_enough(stage):
    from selenium.webdriver import Keys

    ada = stage.person()
    assert ada.focused() == "name"
    ada.press("ada", Keys.ENTER)
    ada.wait_in(ANSWER)
    assert ada.focused() == "text"
    ada.press("one")
    ada.press(Keys.ENTER, shift=True)
    ada.press("two", Keys.ENTER)
    ada.hears([("ada", "one\ntwo")])
    ada.press(Keys.TAB, shift=True)
    removing = "return document.activeElement.getAttribute('aria-label')"
    assert ada.run(removing) == "Remove your message one\ntwo", ada.run(removing)
    ada.press(Keys.TAB, shift=True)
    assert ada.focused() == "scroll", ada.focused()
    ada.press("?")
    assert ada.shown("#keys")
    ada.picture("keys")
    ada.press(Keys.ESCAPE)
    assert not ada.shown("#keys")
    ada.press("/")
    assert ada.focused() == "text"
    ada.press("what/ever?", Keys.ENTER)
    ada.hears([("ada", "one\ntwo"), ("ada", "what/ever?")])


@test
def keys_lead_to_other_rooms_and_through_the_conversation(stage):
    from selenium.webdriver import Keys

    ada = stage.person("ada")
    lines = [f"line {number}" for number in range(30)]
    ada.say_at_once(lines)
    ada.hears([("ada", line) for line in lines])
    at_end = "const s = document.getElementById('scroll'); return s.scrollHeight - s.clientHeight - s.scrollTop < 1"
    until("the end is shown", ANSWER, lambda: ada.run(at_end))
    assert ada.focused() == "text"
    for keys in ([Keys.ESCAPE], [Keys.PAGE_DOWN, Keys.PAGE_DOWN]):
        ada.press(Keys.PAGE_UP)
        until("it is scrolled up", ANSWER, lambda: not ada.run(at_end))
        ada.press(*keys)
        until("the end is shown again", ANSWER, lambda: ada.run(at_end))
    ada.go_to("tea")
    ada.go_to("work")
    for key, room in (
        (Keys.ARROW_UP, "tea"), (Keys.ARROW_UP, "lobby"), (Keys.ARROW_UP, "work"), (Keys.ARROW_DOWN, "lobby"),
    ):  # fmt: skip
        ada.press(key, alt=True)
        until(f"{room} is shown", ANSWER, lambda room=room: ada.text("#room-name") == room)


@test
def too_much_at_once_is_sent_as_fast_as_the_server_takes_it_once_and_in_order(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    # Above the burst of 40, by more than the rate of 20 a second lets through while a busy machine types.
    texts = [f"message {number}" for number in range(90)]
    ada.say_at_once(texts)
    ada.picture("pending")
    bob.hears([("ada", text) for text in texts], seconds=ANSWER + 90 / 10)
    ada.hears([("ada", text) for text in texts])
    until("nothing is under way", ANSWER, lambda: not ada.all("#outbox li"))
    assert ada.run("return spySockets.length") == 1, "it flooded the server"
    until("the newest is in sight", ANSWER, lambda: ada.run(AT_END))
    assert not ada.shown("#jump")


@test
def a_message_over_the_limit_is_not_even_sent(stage):
    ada = stage.person("ada")
    ada.say_at_once(["x" * 16 * 1024])
    assert "Too long" in ada.text("#text-trouble")
    ada.run("document.getElementById('text').value = ''")
    ada.say("short")
    ada.hears([("ada", "short")])
    assert ada.text("#text-trouble") == "" and not ada.all("#outbox li")


@test
def who_reads_further_up_stays_there_and_is_told_what_is_new(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    old = [f"line {number}" for number in range(30)]
    ada.say_at_once(old)
    bob.hears([("ada", text) for text in old])
    until("the newest is in sight", ANSWER, lambda: bob.run(AT_END))
    bob.run("document.getElementById('scroll').scrollTop = 100")
    until("the way down is offered", ANSWER, lambda: bob.shown("#jump"))
    ada.say("news")
    until("the news is counted", ANSWER, lambda: "1 new message" in bob.text("#jump"))
    assert bob.run("return document.getElementById('scroll').scrollTop") == 100
    bob.picture("scrolled-up")
    bob.find("#jump").click()
    until("the newest is in sight", ANSWER, lambda: bob.run(AT_END))
    until("the button is gone", ANSWER, lambda: not bob.shown("#jump"))


@test
def a_hidden_tab_counts_in_its_title(stage):
    ada, bob = stage.person("ada"), stage.person("bob", kind="tab")
    ada.say("before")
    bob.hears([("ada", "before")])
    cover = stage.person(kind="tab")  # in the same window, in front of bob's
    ada.say_at_once(["one", "two"])
    # To look into a tab brings it to the front; the list of all tabs tells its title as well.
    tabs = lambda: [one["title"] for one in cover.cdp("Target.getTargets")["targetInfos"]]
    until("the title counts", ANSWER, lambda: "(2) chatnode" in tabs())
    cover.close()
    until("the count is gone", ANSWER, lambda: bob.run("return document.title") == "chatnode")
    assert bob.shown("#log .new")
    bob.picture("unread")


@test
def a_reload_logs_in_again_and_another_tab_does_not(stage):
    ada = stage.person("ada")
    ada.use().refresh()
    ada.wait_in(NAME_BACK)
    assert ada.text("#who bdi") == "ada"
    other = stage.person()
    assert other.shown("#join")
    assert other.run("return document.getElementById('name').value") == "ada"
    other.join("bob")
    ada.say("still me")
    other.hears([("ada", "still me")])


def duplicate(stage, url):
    ada = stage.person("ada", url=url)
    copy = ada.duplicate()
    own = "return sessionStorage.getItem('chatnode.tab') !== arguments[0]"
    number = ada.run("return sessionStorage.getItem('chatnode.tab')")
    until("it has a number of its own", ANSWER, lambda: copy.run(own, number))
    # It asks for nothing, and so has nothing to wait for.
    assert copy.shown("#join") and not copy.shown("#compose") and not copy.shown("#banner")
    assert copy.focused() == "name"
    until(
        "it does not come back under the other's name",
        ANSWER,
        lambda: copy.kept_name() is None,
    )
    ada.use().refresh()
    ada.wait_in(NAME_BACK)
    copy.use().refresh()
    copy.wait_connected()
    ada.say("still me")
    copy.hears([("ada", "still me")])
    assert copy.shown("#join") and not copy.shown("#banner")
    # From now on it is a tab like any other, and so is a copy of the copy.
    copy.join("bob")
    third = copy.duplicate()
    number = copy.run("return sessionStorage.getItem('chatnode.tab')")
    until("it has a number of its own", ANSWER, lambda: third.run(own, number))
    assert third.shown("#join") and not third.shown("#banner")
    copy.use().refresh()
    copy.wait_in(NAME_BACK)
    assert copy.text("#who bdi") == "bob"
    # A tab that is gone leaves its number to the one that is opened from what was kept of it.
    kept = "return [sessionStorage.getItem('chatnode.tab'), sessionStorage.getItem('chatnode')]"
    assert copy.kept_name() == "bob"
    number, name = copy.run(kept)
    copy.close()
    third.run(
        """sessionStorage.setItem('chatnode.tab', arguments[0]);
           addEventListener('pagehide', () => sessionStorage.setItem('chatnode', arguments[1]));""",
        number,
        name,
    )
    third.use().refresh()
    third.wait_in(NAME_BACK)
    assert third.text("#who bdi") == "bob"


@test
def a_duplicated_tab_offers_the_form_and_leaves_the_original_its_name(stage):
    duplicate(stage, stage.url)
    assert stage.person().run("return 'locks' in navigator")


@test
def a_duplicated_tab_is_told_from_its_original_without_a_secure_context_too(stage):
    duplicate(stage, stage.far_url)
    assert not stage.person(url=stage.far_url).run("return 'locks' in navigator")


@test
def a_duplicated_tab_whose_original_answers_late_gives_way_when_it_does(stage):
    ada = stage.person("ada", url=stage.far_url)
    # Later than a tab that asks waits.
    ada.run(
        """const post = BroadcastChannel.prototype.postMessage;
           BroadcastChannel.prototype.postMessage = function (data) {
             if ('answers' in data) window.answerNow = () => post.call(this, data); else post.call(this, data);
           };"""
    )
    number = ada.run("return sessionStorage.getItem('chatnode.tab')")
    copy = ada.duplicate()
    until("it takes itself for the original", ANSWER, lambda: copy.shown("#compose"))
    until("the original is told", ANSWER, lambda: "logged in elsewhere" in ada.text("#banner-text"))
    ada.run("window.answerNow()")
    own = "return sessionStorage.getItem('chatnode.tab') !== arguments[0]"
    until("it has a number of its own", ANSWER, lambda: copy.run(own, number))
    until("it gives the name back", ANSWER, lambda: copy.shown("#join"))
    assert not copy.shown("#compose") and not copy.shown("#banner") and copy.kept_name() is None
    ada.wait_in(NAME_BACK)
    ada.say("still me")
    copy.hears([("ada", "still me")])


@test
def a_reconnect_repeats_neither_the_day_nor_a_message_and_says_what_was_missed(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    marks = "return [...document.querySelectorAll('#log .day, #log .note, #log .new')].map(one => one.className)"
    ada.say("before")
    bob.hears([("ada", "before")])

    # Sockets that are refused, until all is said that Bob is to miss.
    away = """window.realWebSocket ??= WebSocket;
              WebSocket = class { constructor() { setTimeout(() => this.onclose({ code: 1006, reason: '' }), 20); } close() {} };
              spySockets.at(-1).close(4999);"""

    def reconnect(meanwhile):
        opened = bob.run("return spySockets.length")
        bob.run(away)
        for text in meanwhile:
            ada.say(text)
        ada.hears([("ada", "before"), *[("ada", text) for text in meanwhile]])
        bob.run("WebSocket = realWebSocket")
        until("another socket", COME_BACK, lambda: bob.run("return spySockets.length") > opened)
        bob.wait_in(COME_BACK + NAME_BACK)
        missed = f"{len(meanwhile) or 'no'} message{'s' if len(meanwhile) > 1 else ''}"
        until("it says what was missed", ANSWER, lambda: bob.text("#news") == f"Back online, {missed} caught up")

    reconnect([])
    assert bob.run(marks) == ["day"], bob.run(marks)
    reconnect(["one", "two"])
    bob.hears([("ada", text) for text in ("before", "one", "two")])
    ada.say("after")
    bob.hears([("ada", text) for text in ("before", "one", "two", "after")])
    assert bob.run(marks) == ["day"], bob.run(marks)


@test
def logging_out_frees_the_name_and_shows_the_form(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    watch = """spySockets.at(-1).addEventListener('message', ({ data }) => {
                 if (JSON.parse(data).type === 'logged_out') window.spyFreed = true;
               });"""

    def log_out(who):
        who.run(watch)
        who.find("#logout").click()
        assert who.shown("#join") and not who.shown("#compose") and who.focused() == "name"
        until("the name is free", ANSWER, lambda: who.run("return window.spyFreed"))

    log_out(ada)
    log_out(bob)
    bob.join("Ada")
    ada.use().refresh()
    until("the form is there", ANSWER, lambda: ada.shown("#join"))
    ada.wait_connected()
    ada.join("bob")
    ada.say("hello")
    bob.hears([("bob", "hello")])


@test
def a_name_that_has_passed_on_meanwhile_is_not_taken_back(stage):
    ada, ghost = stage.person(), stage.person()
    ghost.run(
        """window.ghost = new WebSocket(`ws://${location.host}/ws`);
           ghost.onopen = () => ghost.send('{"type":"login","username":"ada"}');
           ghost.onmessage = () => window.holds = true;"""
    )
    until("the other one holds the name", ANSWER, lambda: ghost.run("return window.holds"))
    ada.run(
        """const kept = { name: 'ada', session: '0'.repeat(32), outbox: [{ id: 'x', room: 'lobby', value: 'late', state: 'pending' }] };
           addEventListener('pagehide', () => sessionStorage.setItem('chatnode', JSON.stringify(kept)));"""
    )
    ada.use().refresh()
    until("the form says why", ANSWER, lambda: "taken" in ada.text("#name-trouble"))
    assert ada.shown("#join") and not ada.shown("#compose")
    ada.join("carol")
    assert "Not sent" in ada.text("#outbox .failed")
    ada.find("#outbox .button[aria-label^=Retry]").click()
    ada.hears([("carol", "late")])
    assert ghost.run("return ghost.readyState") == 1


@test
def a_final_close_code_is_explained_and_not_answered_by_coming_back(stage):
    ada = stage.person("ada")
    ada.run("spySockets.at(-1).send('x'.repeat(20 * 1024))")  # above 16 KiB: close code 1009
    until("the reason is shown", ANSWER, lambda: "too big" in ada.text("#banner-text"))
    assert ada.text("#banner-act") == "Connect again"
    assert ada.run("return spySockets.length") == 1
    ada.picture("stopped")
    ada.find("#banner-act").click()
    ada.wait_in(NAME_BACK)
    ada.say("here again")
    ada.hears([("ada", "here again")])


def restart(stage, number):
    stage.outage = True
    ada, bob = stage.person("ada"), stage.person("bob")
    ada.say("before")
    bob.hears([("ada", "before")])
    until("all is sent", ANSWER, lambda: not ada.all("#outbox li"))
    stage.node.stop(number)
    if number == signal.SIGTERM:
        assert stage.node.process.returncode == 0, stage.node.process.returncode
    for who in (ada, bob):
        until("the banner is there", ANSWER, lambda: who.shown("#banner"))
        assert who.shown("#compose") and who.text("#link") == "Not connected"
    ada.say("typed while the node is away")
    until("it waits", ANSWER, lambda: ada.all("#outbox .waiting"))
    ada.picture(f"gone-{number.name.lower()}")
    ada.look(380, 740, "dark")
    ada.picture(f"gone-380-dark-{number.name.lower()}")
    ada.look(1280, 800, "light")
    stage.node.start()
    for who in (ada, bob):
        who.wait_in(COME_BACK + NAME_BACK)
    # Whoever comes back later than that was said finds it in the room's history.
    expected = [("ada", "before"), ("ada", "typed while the node is away")]
    for who in (ada, bob):
        who.hears(expected)
    bob.say("and I am back too")
    for who in (ada, bob):
        who.hears(expected + [("bob", "and I am back too")])
    assert ada.text("#who bdi") == "ada" and bob.text("#who bdi") == "bob"
    until("all is sent", ANSWER, lambda: not ada.all("#outbox li"))


@test
def after_a_node_is_told_to_stop_and_started_again_everybody_comes_back(stage):
    restart(stage, signal.SIGTERM)


@test
def after_a_node_is_killed_and_started_again_everybody_comes_back(stage):
    restart(stage, signal.SIGKILL)


@test
def what_was_under_way_when_a_node_lost_its_memory_is_sent_again_only_by_hand(stage):
    stage.outage = True
    ada = stage.person("ada")
    stage.node.pause()
    ada.say("on its way")
    until("it is under way", ANSWER, lambda: ada.all("#outbox .flying"))
    stage.node.stop(signal.SIGKILL)
    stage.node.start()
    ada.wait_in(COME_BACK + NAME_BACK)
    until("it is given up", ANSWER, lambda: ada.all("#outbox .failed"))
    assert "may have been sent" in ada.text("#outbox .state")
    ada.picture("not-confirmed")
    ada.say("something else")
    ada.hears([("ada", "something else")])
    assert ada.all("#outbox .failed")
    ada.find("#outbox .button[aria-label^=Retry]").click()
    ada.hears([("ada", "something else"), ("ada", "on its way")])
    until("all is sent", ANSWER, lambda: not ada.all("#outbox li"))


@test
def a_node_that_has_gone_silent_is_noticed_and_what_was_said_is_heard_once(stage):
    stage.outage = True
    ada = stage.person("ada")
    stage.node.pause()
    ada.say("hello?")
    until("the connection is given up", GIVEN_UP, lambda: ada.shown("#banner"))
    stage.node.tell(signal.SIGCONT)
    ada.wait_in(COME_BACK + NAME_BACK)
    ada.hears([("ada", "hello?")])
    until("all is sent", ANSWER, lambda: not ada.all("#outbox li"))
    ada.hears([("ada", "hello?")])


# MARK: rooms

ROOMS = ["lobby", "tea", "dev"]


@test
def rooms_are_apart_and_the_list_says_what_is_unread(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    for room in ROOMS[1:]:
        ada.go_to(room)
        bob.go_to(room)
    assert list(ada.rooms()) == ROOMS
    ada.show("tea")
    bob.show("lobby")
    bob.say("in the lobby")
    bob.show("dev")
    bob.say("first in dev")
    bob.say("@ada: look, https://example.org/x?y=1.")
    until("the list counts", ANSWER, lambda: ada.rooms() == {"lobby": "1", "tea": "", "dev": "@2"})
    assert ada.run("return document.title") == "(3) chatnode"
    ada.picture("unread-rooms")
    assert ada.messages() == []
    ada.show("dev")
    ada.hears([("bob", "first in dev"), ("bob", "@ada: look, https://example.org/x?y=1.")])
    until("they are read", ANSWER, lambda: ada.rooms()["dev"] == "")
    assert ada.shown("#log .new"), "no line above what was unread"
    link = ada.run("const a = document.querySelector('#log a'); return [a.href, a.rel, a.target]")
    assert link == ["https://example.org/x?y=1", "noopener noreferrer", "_blank"], link
    assert ada.text("#log .mention.me") == "@ada"
    ada.show("lobby")
    ada.hears([("bob", "in the lobby")])
    ada.find("#leave").click()
    assert list(ada.rooms()) == ["tea", "dev"]
    ada.use().refresh()
    ada.wait_in(NAME_BACK)
    assert list(ada.rooms()) == ["tea", "dev"]
    bob.press("")
    assert ada.run("return document.querySelectorAll('#log .day').length") <= 1


@test
def who_is_here_is_shown_and_who_leaves_is_not(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    for who in (ada, bob):
        until("both are there", ANSWER, lambda: who.people() == ["ada", "bob"])
    assert ada.text("#people-count") == "2"
    bob.find("#logout").click()
    until("bob has left", ANSWER, lambda: ada.people() == ["ada"])


@test
def a_room_begins_with_its_history_and_has_more_when_it_is_scrolled_up(stage):
    ada = stage.person("ada")
    ada.go_to("tea")
    texts = [f"line {number}" for number in range(1, 121)]
    ada.say_at_once(texts)
    ada.hears([("ada", text) for text in texts], seconds=ANSWER + 120 / 10)
    bob = stage.person("bob")
    bob.go_to("tea")
    bob.hears([("ada", text) for text in texts[-50:]])
    assert not bob.shown("#log .new") and bob.rooms()["tea"] == "", "history counts as unread"
    until("the newest is in sight", ANSWER, lambda: bob.run(AT_END))
    seen = """const box = document.getElementById('scroll').getBoundingClientRect();
              const one = [...document.querySelectorAll('#log .msg')].find(m => m.getBoundingClientRect().top >= box.top);
              return [one.querySelector('.text').textContent, Math.round(one.getBoundingClientRect().top)]"""
    for count in (100, 120):
        bob.rest()
        bob.run("document.getElementById('scroll').dispatchEvent(new WheelEvent('wheel'))")
        bob.run("document.getElementById('scroll').scrollTop = 250")
        before = bob.run(seen)
        bob.hears([("ada", text) for text in texts[-count:]])
        after = bob.run(seen)
        assert before[0] == after[0] and abs(before[1] - after[1]) <= 2, f"it jumped from {before} to {after}"
    assert bob.run("return document.querySelectorAll('#log .day').length") == 1
    until("the beginning is told", ANSWER, lambda: "begins here" in bob.text("#log .note"))


@test
def unsent_messages_survive_a_reload_and_are_said_once(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    ada.run("sessionStorage.setItem('spy.mute', '1')")
    ada.say("one")
    ada.say("two")
    until("they are shown as being sent", ANSWER, lambda: "Sending" in ada.text("#outbox"))
    ada.picture("sending")
    ada.use().refresh()
    ada.wait_in(NAME_BACK)
    until("they are there", ANSWER, lambda: len(ada.all("#outbox li")) == 2)
    ada.run("sessionStorage.removeItem('spy.mute')")
    ada.use().refresh()
    ada.wait_in(NAME_BACK)
    bob.hears([("ada", "one"), ("ada", "two")])
    ada.hears([("ada", "one"), ("ada", "two")])
    until("all is sent", ANSWER, lambda: not ada.all("#outbox li"))


@test
def two_tabs_on_two_nodes_in_three_rooms_and_one_node_is_killed_while_somebody_types(stage):
    stage.outage = True
    cluster = stage.cluster()
    n1, n2 = cluster.nodes
    ada = stage.person("ada", url=cluster.url)
    bob = stage.person("bob", url=f"http://127.0.0.1:{n2.port}/", node="n2")
    for who in (ada, bob):
        for room in ROOMS[1:]:
            who.go_to(room)
    for room in ROOMS:
        ada.show(room)
        ada.say(f"ada in {room}")
        bob.show(room)
        bob.hears([("ada", f"ada in {room}")])
    ada.show("tea")
    bob.show("tea")
    ada.find("#text").send_keys("half a sen")
    ada.run("window.random = Math.random; Math.random = () => 1")  # the whole wait: half a second
    n1.kill()
    until("ada is cut", ANSWER, lambda: ada.shown("#banner") or ada.run("return spySockets.length > 1"))
    bob.say("while you were away")
    bob.show("dev")
    bob.say("and in dev")
    ada.find("#text").send_keys("tence", "\n")
    ada.wait_in(COME_BACK, node="n2")
    ada.run("Math.random = window.random")
    until("all is sent", ANSWER, lambda: not ada.all("#outbox li"))
    until("all is heard", ANSWER, lambda: len(ada.messages()) > 2)
    heard = ada.messages()
    assert sorted(heard) == sorted([
        ("ada", "ada in tea"), ("bob", "while you were away"), ("ada", "half a sentence"),
    ]), heard  # fmt: skip
    bob.show("tea")
    bob.hears(heard)
    ada.picture("back")
    for who in (ada, bob):
        who.show("dev")
        who.hears([("ada", "ada in dev"), ("bob", "and in dev")])
    until("both are there", ANSWER, lambda: ada.people() == ["ada", "bob"])


# MARK: frames that no node sends yet


@test
def somebody_who_types_is_shown_until_they_say_it(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    ada.frame('{"type":"typing","room":"lobby","users":["bob","ada"]}')
    assert ada.text("#typing") == "bob is typing…"
    ada.picture("typing")
    bob.say("there")
    ada.hears([("bob", "there")])
    assert ada.text("#typing") == ""
    ada.frame('{"type":"typing","room":"lobby","users":["bob"]}')
    until("it is forgotten", ANSWER, lambda: ada.text("#typing") == "")


@test
def a_removed_message_is_blanked(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    ada.say("oops")
    for who in (ada, bob):
        who.hears([("ada", "oops")])
    mid = bob.run("return document.querySelector('#log .msg').dataset.mid")
    for who, by in ((ada, "ada"), (bob, "ada")):
        who.frame(
            f'{{"type":"removed","room":"lobby","seq":2,"mid":"x.1","ts":1,"of":{{"seq":1,"mid":"{mid}"}},"by":"{by}"}}'
        )
        assert who.messages() == [("ada", "Message removed")]
    assert not ada.all("#log .remove")
    ada.picture("removed")


@test
def what_was_lost_is_told(stage):
    ada = stage.person("ada")
    ada.say("one")
    ada.say("two")
    ada.hears([("ada", "one"), ("ada", "two")])
    ada.frame('{"type":"gap","room":"lobby","from":3,"to":7}')
    assert "5 messages are missing here" in ada.text("#log .note")
    ada.frame('{"type":"reset","room":"lobby","epoch":"9","seq":1,"mid":"x.1"}')
    ada.hears([("ada", "one")])
    ada.picture("gap")
    # The room's history has begun anew, and is shorter than what is shown.
    ada.frame('{"type":"joined","room":"lobby","epoch":"10","seq":1,"mid":"y.1","recovered":false}')
    notes = ada.run("return [...document.querySelectorAll('#log .note')].map(one => one.textContent)")
    assert "may be missing here" in notes[-1], notes


ASKED = """
const socket = spySockets.at(-1), send = socket.send.bind(socket);
window.spyAsked = [];
socket.send = text => JSON.parse(text).type === 'history' ? spyAsked.push(JSON.parse(text).before) : send(text);
window.spyLive = [];
const log = document.getElementById('log');
new MutationObserver(() => spyLive.push(log.getAttribute('aria-live'))).observe(log, { childList: true, subtree: true });
"""


@test
def a_page_of_removed_messages_does_not_end_the_scrolling_and_nothing_old_is_read_out(stage):
    ada = stage.person("ada")
    place = '"room":"lobby","ts":1,"mid":"y.%d","seq":%d'
    chat = lambda seq: '{"type":"chat","username":"bob","value":"line %d",%s}' % (seq, place % (seq, seq))
    removed = lambda seq: '{"type":"removed",%s}' % (place % (seq, seq))
    page = lambda items, more: '{"type":"history","room":"lobby","items":[%s],"more":%s}' % (",".join(items), more)
    ada.frame('{"type":"joined","room":"lobby","epoch":"9","seq":200,"mid":"y.200","recovered":false}')
    ada.frame(chat(201))
    ada.frame('{"type":"synced","room":"lobby","seq":201}')
    live = "return document.getElementById('log').getAttribute('aria-live')"
    until("the log is live", ANSWER, lambda: ada.run(live) == "polite")
    ada.run(ASKED)
    ada.run("document.getElementById('scroll').dispatchEvent(new WheelEvent('wheel'))")
    until("older messages are asked for", ANSWER, lambda: ada.run("return spyAsked") == [201])
    assert ada.run(live) == "polite" and not ada.all("[aria-busy]"), "nothing is read out until they come"
    ada.frame(page([removed(seq) for seq in range(151, 201)], "true"))
    until("those before are asked for", ANSWER, lambda: ada.run("return spyAsked") == [201, 151])
    ada.frame(page([removed(1), chat(2), chat(150)], "false"))
    ada.hears([("bob", f"line {seq}") for seq in (2, 150, 201)])
    seen = ada.run("return spyLive")
    assert seen and set(seen) == {"off"}, f"older messages are read out: {seen}"
    until("the log is live again", ANSWER, lambda: ada.run(live) == "polite")
    assert "begins here" in ada.text("#log .note")


@test
def a_room_whose_newest_messages_were_all_removed_shows_those_before(stage):
    ada = stage.person("ada")
    place = '"room":"lobby","ts":1,"mid":"y.%d","seq":%d'
    ada.run(ASKED)
    ada.frame('{"type":"joined","room":"lobby","epoch":"9","seq":150,"mid":"y.150","recovered":false}')
    for seq in range(151, 201):
        ada.frame('{"type":"removed",%s}' % (place % (seq, seq)))
    ada.frame('{"type":"synced","room":"lobby","seq":200}')
    until("older messages are asked for", ANSWER, lambda: ada.run("return spyAsked") == [151])
    item = '{"type":"chat","username":"bob","value":"line 150",%s}' % (place % (150, 150))
    ada.frame('{"type":"history","room":"lobby","items":[%s],"more":true}' % item)
    ada.hears([("bob", "line 150")])


@test
def what_is_typed_and_not_sent_survives_a_reload_in_each_room(stage):
    ada = stage.person("ada")
    ada.find("#text").send_keys("half a sen")
    ada.go_to("tea")
    ada.find("#text").send_keys("another")
    ada.use().refresh()
    ada.wait_in(NAME_BACK)
    field = "return document.getElementById('text').value"
    assert ada.run(field) == "another"
    ada.show("lobby")
    assert ada.run(field) == "half a sen"
    ada.find("#text").send_keys("tence", "\n")
    ada.hears([("ada", "half a sentence")])
    ada.use().refresh()
    ada.wait_in(NAME_BACK)
    assert ada.run(field) == ""


@test
def names_in_a_text_are_set_off(stage):
    ada = stage.person("ada")
    read = """const [text, done] = arguments;
              import('/text.js').then(({ nodesOf }) => {
                const { nodes, isMention } = nodesOf(text);
                done([nodes.map(one => one.className ? `<${one.textContent}>` : one).join(''), isMention]);
              });"""
    for text, shown, is_mention in [
        ("@ada: look", "<@ada>: look", True), ("see @ADA...", "see <@ADA...>", True),
        ("@adam and @bob", "<@adam> and <@bob>", False), ("ada@ada.org @ada-b", "ada@ada.org <@ada-b>", False),
    ]:  # fmt: skip
        assert ada.use().execute_async_script(read, text) == [shown, is_mention], text


@test
def a_message_is_removed_by_its_author(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    ada.say("oops")
    for who in (ada, bob):
        who.hears([("ada", "oops")])
    assert not bob.all("#log .remove")
    ada.find("#log .remove").click()
    assert ada.shown("#confirm")
    ada.picture("confirm")
    ada.find("#confirm [value=remove]").click()
    for who in (ada, bob):
        who.hears([("ada", "Message removed")])
    carol = stage.person("carol")
    carol.hears([])


@test
def somebody_hears_who_types(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    bob.find("#text").send_keys("hel")
    until("it is shown", ANSWER, lambda: ada.text("#typing") == "bob is typing…")


CONTRAST = """
const channels = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const ground = element => {
  for (let one = element; one; one = one.parentElement) {
    const colour = channels(getComputedStyle(one).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), poor = [];
let count = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('.unseen, script, .name, .remove') && !element.checkVisibility({ opacityProperty: true }) || element.closest('.unseen, script')) continue;
  const [a, b] = [light(channels(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
  const ratio = (a + .05) / (b + .05);
  count++;
  if (ratio < 4.5) poor.push(`${walker.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
}
return count ? poor : ['no text found'];
"""

TARGETS = """
return [...document.querySelectorAll('button, input, textarea')].filter(one => one.checkVisibility() && !one.closest('[inert]')).flatMap(one => {
  const { width, height, left, right } = one.getBoundingClientRect();
  return width >= 44 && height >= 44 && left >= 0 && right <= innerWidth ? [] : [`${one.id || one.textContent}: ${width} x ${height} at ${left}`];
});
"""

LABELS = """
return [...document.querySelectorAll('button, input, textarea')].filter(one => one.checkVisibility())
  .filter(one => !(one.getAttribute('aria-label') || one.labels?.length || one.textContent.trim())).map(one => one.outerHTML);
"""

# Ids that stand twice, and what names an element that there is not.
REFERENCES = """
const ids = [...document.querySelectorAll('[id]')].map(one => one.id);
const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
const wrong = ['for', 'aria-controls', 'aria-labelledby', 'aria-describedby'].flatMap(key =>
  [...document.querySelectorAll(`[${key}]`)].flatMap(one => one.getAttribute(key).split(' '))
    .filter(id => !ids.includes(id)));
return [...twice, ...wrong];
"""

# Roles that say nothing without a name.
NAMED = {"button", "textbox", "link", "dialog", "navigation", "complementary", "region", "log", "heading"}

# The roles and names that a screen reader must find in every view; a view may have more.
LANDMARKS = {
    ("banner", ""), ("heading", "chatnode"), ("navigation", "Rooms"), ("main", ""), ("region", "Conversation"),
    ("log", "Messages in lobby"), ("contentinfo", ""), ("textbox", "Go to another room"),
}  # fmt: skip
OF_VIEW = {
    "chat": {("complementary", "Who is here"), ("textbox", "Message"), ("button", "Send"), ("button", "Log out"), ("listitem", "")},
    "form": {("textbox", "Your name"), ("button", "Join"), ("heading", "Join the conversation")},
    "trouble": {("list", "Your messages that are not sent yet"), ("status", "")},
}


def roles(who):
    """The roles and names that the browser tells assistive programs."""
    nodes = who.cdp("Accessibility.getFullAXTree")["nodes"]
    return [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes if not node["ignored"]
    ]  # fmt: skip


@test
def text_has_contrast_and_targets_have_size_light_and_dark_wide_and_narrow(stage):
    from selenium.webdriver import Keys

    stage.outage = True
    names = ["ada", "bob", "carol", "Дмитрий", "恵子"]
    people = [stage.person(name) for name in names]
    form = stage.person()
    lines = [
        (0, "Morning! Has anybody tried the new build yet?"),
        (1, "Just now. Three nodes, one Redis, and `deploy/up` did the rest."),
        (1, "Took about a minute, most of it compiling."),
        (3, "Привет! На втором узле тоже всё работает."),
        (0, "Nice. I killed n2 to see what happens: everybody was back in a second, names and all."),
        (4, "すごい！ 👏"),
        (2, "Longest word I could find: " + "Donaudampfschifffahrtsgesellschaft" * 4),
        (0, "…and it wraps.\n\nTwo paragraphs work as well."),
        (0, "I'll write it up."),
    ]
    expected = []
    for speaker, text in lines:
        people[speaker].say_at_once([text])
        expected.append((names[speaker], text))
        people[0].hears(expected)
    form.hears(expected)
    people[0].run(
        """const robot = new WebSocket(`ws://${location.host}/ws`);
           robot.onopen = () => {
             robot.send('{"type":"login","username":"robot"}');
             robot.send('{"type":"chat","username":"robot","value":{"temperature":21.50,"unit":"C"}}');
           };"""
    )
    expected.append(("robot", '{"temperature":21.50,"unit":"C"}'))
    people[0].hears(expected)

    def inspect(who, name):
        for scheme in ("light", "dark"):
            for width, height in ((1200, 800), (700, 800), (380, 740)):
                who.look(width, height, scheme)
                where = f"{name}-{scheme}-{width}"
                who.picture(where)
                poor = who.run(CONTRAST)
                assert not poor, f"{where}: contrast below 4.5: {poor}"
                small = who.run(TARGETS)
                assert not small, f"{where}: targets below 44 px or cut off: {small}"
                assert not who.run(LABELS), f"{where}: without a label: {who.run(LABELS)}"
                told = roles(who)
                unnamed = [role for role, text in told if role in NAMED and not text.strip()]
                assert not unnamed, f"{where}: roles without a name: {unnamed}"
                if width == 1200:
                    lacking = ({("dialog", "Keyboard")} if name == "dialog" else LANDMARKS | OF_VIEW[name]) - set(told)
                    assert not lacking, f"{where}: assistive programs are not told of {lacking}, but of {[one for one in told if one[0] in NAMED]}"
                assert not who.run(REFERENCES), f"{where}: {who.run(REFERENCES)}"
                wide = "return document.documentElement.scrollWidth <= innerWidth && document.getElementById('scroll').scrollWidth <= innerWidth"
                assert who.run(wide), f"{where}: scrolls sideways"

    inspect(people[0], "chat")
    inspect(form, "form")
    people[0].find("#keys-open").click()
    inspect(people[0], "dialog")
    people[0].find("#keys button").click()
    people[1].say("@ada see https://example.org/")
    people[0].hears(expected + [("bob", "@ada see https://example.org/")])
    people[0].look(380, 740, "light")
    for drawer in ("rooms", "people"):
        people[0].find(f"#{drawer}-open").click()
        for scheme in ("light", "dark"):
            people[0].look(380, 740, scheme)
            people[0].picture(f"drawer-{drawer}-{scheme}")
            assert not people[0].run(CONTRAST), people[0].run(CONTRAST)
            assert not people[0].run(LABELS), people[0].run(LABELS)
        people[0].press(Keys.ESCAPE)
        assert people[0].focused() == f"{drawer}-open" and not people[0].shown(f"#{drawer}-drawer")
    people[0].look(1200, 800, "light")
    stage.node.pause()
    people[0].say("under way")
    stage.node.stop(signal.SIGKILL)
    stage.node.start()
    people[0].wait_in(COME_BACK + NAME_BACK)
    until("it has failed", ANSWER, lambda: people[0].all("#outbox .failed"))
    stage.node.stop(signal.SIGKILL)
    people[0].say("waiting")
    inspect(people[0], "trouble")
    stage.node.start()


# MARK: running


def own_what_children_leave():
    """Orphans of the browser become children of this process, so that it can end them."""
    pr_set_child_subreaper = 36  # linux/prctl.h
    ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def children():
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == os.getpid():
                found.append(int(entry.name))
    return found


def end_children():
    """Ends what is left of the processes started here, however deep they were nested."""
    while left := children():
        for process in left:
            try:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
            except (ProcessLookupError, ChildProcessError):
                pass


def browser(folder):
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless=new",
        "--no-sandbox",  # CI runs as root
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        # People in windows behind others type and hear at full speed too.
        "--disable-background-timer-throttling",
        "--disable-renderer-backgrounding",
        "--disable-backgrounding-occluded-windows",
        "--window-size=1280,800",
        f"--host-resolver-rules=MAP {FAR} 127.0.0.1",
        f"--user-data-dir={folder / 'profile'}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Everything Chromium writes outside of its profile goes to the temporary folder as well.
    places = {name: str(folder) for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    service = Service(
        CHROMEDRIVER, log_path=str(folder / "chromedriver.log"), env={**os.environ, **places}
    )
    socket.setdefaulttimeout(BROWSER_START)
    driver = webdriver.Chrome(service=service, options=options)
    driver.set_page_load_timeout(ANSWER)
    return driver


def run_one(function, driver, node, screenshots):
    """Whether the test passed."""
    title = function.__name__.replace("_", " ")
    stage = Stage(driver, node, screenshots)
    started = time.monotonic()
    try:
        node.log.truncate(0)
        node.start()
        driver.execute_cdp_cmd(
            "Storage.clearDataForOrigin", {"origin": stage.url, "storageTypes": "all"}
        )
        function(stage)
        assert node.running, f"the node ended with {node.process.returncode}"
        complaints = stage.complaints()
        assert not complaints, "in the browser's console:\n" + "\n".join(complaints)
        print(f"ok    {title} ({time.monotonic() - started:.1f} s)", flush=True)
        return True
    except Exception:  # whatever it was, the other tests still say something
        print(f"FAIL  {title}\n{traceback.format_exc()}", flush=True)
        print(f"the node's last words:\n{node.last_words()}", flush=True)
        return False
    finally:
        node.kill()  # the next test finds no name taken and nothing said
        stage.clear()
        driver.get_log("browser")


def run_all(arguments):
    passed = failed = 0
    chosen = [one for one in TESTS if arguments.only in one.__name__.replace("_", " ")]
    folder = Path(tempfile.mkdtemp(prefix="page-test-"))
    node = driver = None
    try:
        node = Node(arguments.node, folder)
        driver = browser(folder)
        for function in chosen:
            if run_one(function, driver, node, arguments.screenshots):
                passed += 1
            else:
                failed += 1
    finally:
        for end in (driver and driver.quit, node and node.kill, end_children):
            try:
                if end:
                    end()
            except Exception:
                traceback.print_exc()
        shutil.rmtree(folder, ignore_errors=True)
        failed += len(chosen) - passed - failed  # those that were never reached
        print(f"{passed} passed, {failed} failed", flush=True)
    return 0 if passed and not failed else 1


def leave(number, frame):
    raise SystemExit(128 + number)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--node", help="the chatnode to start")
    parser.add_argument("--screenshots", type=Path, help="a folder for pictures of the page")
    parser.add_argument("--only", default="", help="only tests with this in their name")
    arguments = parser.parse_args()
    if not arguments.node:
        parser.error("--node is needed")
    for needed in (CHROMIUM, CHROMEDRIVER, arguments.node):
        if not os.access(needed, os.X_OK):
            print(f"missing: {needed}\n  fix: apt-get install chromium chromium-driver python3-selenium")
            print(f"0 passed, {len(TESTS)} failed")
            return 1
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    own_what_children_leave()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)
    return run_all(arguments)


if __name__ == "__main__":
    sys.exit(main())
