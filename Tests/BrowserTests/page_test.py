#!/usr/bin/python3
"""The page that every node serves at `/`, tried in a real headless Chromium.

    /usr/bin/python3 Tests/BrowserTests/page_test.py --node .build/debug/chatnode [--screenshots DIR]

Needs Debian's python3-selenium, chromium and chromium-driver. The node is started by the test
itself, on a free loopback port. The last line is `N passed, M failed`.
"""

import argparse
import base64
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

PAGE = Path(__file__).resolve().parents[2] / "Sources/CEmbedded/page"
PAGE_BYTES = 60 * 1024  # all files: they are embedded in every node's binary and sent to every visitor
FAR = "chat.test"  # a name that leads the browser to this machine (RFC 6761, section 6.2)
CHROMIUM, CHROMEDRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"

# Time bounds in seconds. None is waited for in full when the awaited thing happens.
NODE_READY = 20  # a debug build on a busy machine; a release build takes milliseconds
NODE_GONE = 30  # the node's own bound for draining is 20 s
ANSWER = 10  # one exchange with a node on loopback, on a busy machine
COME_BACK = 30  # the longest pause of the page's back-off, 20 s, and the connecting behind it
NAME_BACK = 20  # the longest pause between two claims of one's own name, 5 s, and slack
GIVEN_UP = 25  # a message is given up after 10 s without an answer
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

    def __init__(self, command, folder):
        self.command = command
        self.log = open(folder / "node.log", "ab+")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None

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
            [self.command, "--host", "127.0.0.1", "--port", str(self.port), "--node-id", "n1"],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        until("GET /readyz is 200", NODE_READY, self.ready)

    def tell(self, number):
        self.process.send_signal(number)

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


# MARK: the people

# Lets a test reach the page's own sockets, to make the server close one for a reason.
SPY = """
window.spySockets = []; window.spyViolations = [];
window.WebSocket = class extends WebSocket { constructor(...all) { super(...all); spySockets.push(this); } };
addEventListener('securitypolicyviolation', event => spyViolations.push(event.effectiveDirective));
"""

MESSAGES = """
return [...document.querySelectorAll('#log .msg')].map(message => [
  message.parentElement.querySelector('bdi').textContent, message.querySelector('.text').textContent]);
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
        until("the page is connected", ANSWER, lambda: self.text("#link") == "Connected")

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

    def picture(self, name):
        if self.stage.screenshots:
            # Pictures show the page at rest: animations over, fonts there.
            settled = "return document.getAnimations().every(one => one.playState === 'finished')"
            until("the animations are over", ANSWER, lambda: self.run(settled))
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

    def press(self, *keys, shift=False):
        from selenium.webdriver import ActionChains, Keys

        actions = ActionChains(self.use())
        if shift:
            actions.key_down(Keys.SHIFT).send_keys(*keys).key_up(Keys.SHIFT)
        else:
            actions.send_keys(*keys)
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

    def wait_in(self, seconds):
        """Until this window holds its name."""
        ready = "return document.querySelector('footer b')?.textContent === 'n1'"
        until("the page names its node", seconds, lambda: self.run(ready))
        assert self.shown("#compose") and not self.shown("#join") and not self.shown("#banner")

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

    def person(self, name=None, kind="window", url=None):
        one = Person(self, kind, url)
        return one.join(name) if name else one

    def complaints(self):
        """What the browser's console says and should not."""
        found = []
        for entry in self.driver.get_log("browser"):
            text = entry["message"]
            expected = self.outage and "WebSocket connection to" in text
            if entry["level"] == "SEVERE" and not expected or "Content Security Policy" in text:
                found.append(text)
        return found

    def clear(self):
        for handle in self.driver.window_handles:
            if handle != self.home:
                self.driver.switch_to.window(handle)
                self.driver.close()
        self.driver.switch_to.window(self.home)


# MARK: the tests

TESTS = []


def test(function):
    TESTS.append(function)
    return function


@test
def the_page_is_small_and_the_node_serves_its_files_as_they_are(stage):
    files = {path.name: path.read_bytes() for path in PAGE.iterdir()}
    size = sum(map(len, files.values()))
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
    named = {f"/{path.name}" for path in PAGE.iterdir() if path.name != "index.html"}
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
    assert ada.text("#link") == "Connected to node n1"


@test
def who_has_not_logged_in_reads_along(stage):
    reader = stage.person()
    ada = stage.person("ada")
    ada.say("Is anybody there?")
    reader.hears([("ada", "Is anybody there?")])
    assert reader.shown("#join") and not reader.shown("#compose")
    quiet = "return document.getElementById('log').getAttribute('aria-live')"
    assert reader.run(quiet) == "off" and ada.run(quiet) == "polite"
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
def too_much_at_once_is_refused_visibly_and_a_retry_sends_it_once(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    # Above the burst of 40, by more than the rate of 20 a second lets through while a busy machine types.
    texts = [f"message {number}" for number in range(90)]
    ada.say_at_once(texts)
    until("nothing is under way", ANSWER, lambda: not ada.all("#outbox .flying, #outbox .waiting"))
    refused = ada.all("#outbox .failed")
    assert 0 < len(refused) < 90, len(refused)
    assert len(ada.messages()) == 90 - len(refused)
    assert "Not confirmed" not in ada.text("#outbox"), "a refusal was not understood as one"
    ada.picture("failed")
    ada.look(360, 740, "dark")
    until("the newest is in sight in another size, too", ANSWER, lambda: ada.run(AT_END))
    ada.picture("failed-narrow-dark")
    assert not ada.shown("#jump")
    ada.look(1280, 800, "light")
    while True:
        failed = ada.all("#outbox .failed .button[aria-label^=Retry]")
        if not failed:
            break
        ada.run("for (const button of arguments[0]) button.click()", failed)
        # One by one, as the server takes them: 20 a second.
        until("all is settled", ANSWER, lambda: not ada.all("#outbox .flying, #outbox .waiting"))
    assert ada.run("return spySockets.length") == 1, "the retries flooded the server"
    assert sorted(ada.messages()) == sorted(("ada", text) for text in texts)
    bob.hears(ada.messages())


@test
def a_message_over_the_limit_is_not_even_sent(stage):
    ada = stage.person("ada")
    ada.say_at_once(["x" * 16 * 1024])
    assert "Too long" in ada.text("#text-trouble")
    ada.run("document.getElementById('text').value = ''")
    ada.say("short")
    ada.hears([("ada", "short")])
    assert ada.text("#text-trouble") == ""


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
        lambda: copy.run("return sessionStorage.getItem('chatnode.in')") is None,
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
    kept = "return [sessionStorage.getItem('chatnode.tab'), sessionStorage.getItem('chatnode.in')]"
    number, name = copy.run(kept)
    assert name == "bob"
    copy.close()
    third.run(
        """sessionStorage.setItem('chatnode.tab', arguments[0]);
           sessionStorage.setItem('chatnode.in', arguments[1]);""",
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
    # Later than a tab that asks waits, which is a second.
    ada.run(
        """const post = BroadcastChannel.prototype.postMessage;
           BroadcastChannel.prototype.postMessage = function (data) {
             if ('answers' in data) setTimeout(() => post.call(this, data), 2500); else post.call(this, data);
           };"""
    )
    number = ada.run("return sessionStorage.getItem('chatnode.tab')")
    copy = ada.duplicate()
    until("it takes itself for the original", ANSWER, lambda: copy.shown("#compose"))
    own = "return sessionStorage.getItem('chatnode.tab') !== arguments[0]"
    until("it has a number of its own", ANSWER, lambda: copy.run(own, number))
    assert copy.shown("#join") and not copy.shown("#compose") and not copy.shown("#banner")
    assert copy.run("return sessionStorage.getItem('chatnode.in')") is None
    ada.say("still me")
    copy.hears([("ada", "still me")])


@test
def a_reconnect_repeats_neither_the_day_nor_the_note_of_having_been_away(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    marks = "return [...document.querySelectorAll('#log > .day, #log > .note, #log > .new')].map(one => one.className)"
    ada.say("before")
    bob.hears([("ada", "before")])

    def reconnect():
        opened = bob.run("return spySockets.length")
        bob.run("spySockets.at(-1).close()")
        until("another socket", COME_BACK, lambda: bob.run("return spySockets.length") > opened)
        bob.wait_in(COME_BACK + NAME_BACK)

    reconnect()
    assert bob.run(marks) == ["day", "note"], bob.run(marks)
    reconnect()
    reconnect()
    assert bob.run(marks) == ["day", "note"], bob.run(marks)
    ada.say("between")
    bob.hears([("ada", "before"), ("ada", "between")])
    assert bob.run(marks) == ["day", "note"], bob.run(marks)
    reconnect()
    ada.say("after")
    bob.hears([("ada", "before"), ("ada", "between"), ("ada", "after")])
    assert bob.run(marks) == ["day", "note", "note"], bob.run(marks)


@test
def logging_out_frees_the_name_and_shows_the_form(stage):
    ada, bob = stage.person("ada"), stage.person("bob")
    ada.find("#logout").click()
    assert ada.shown("#join") and not ada.shown("#compose") and ada.focused() == "name"
    bob.find("#logout").click()
    bob.join("Ada")
    ada.use().refresh()
    until("the form is there", ANSWER, lambda: ada.shown("#join"))
    ada.join("bob")
    ada.say("hello")
    bob.hears([("bob", "hello")])


@test
def ones_own_name_held_by_an_old_socket_is_asked_for_until_it_is_free(stage):
    ada, ghost = stage.person(), stage.person()
    ghost.run(
        """window.ghost = new WebSocket(`ws://${location.host}/ws`);
           ghost.onopen = () => ghost.send('{"type":"login","username":"ada"}');
           ghost.onmessage = () => window.holds = true;"""
    )
    until("the old socket holds the name", ANSWER, lambda: ghost.run("return window.holds"))
    ada.run("sessionStorage.setItem('chatnode.in', 'ada')")
    ada.use().refresh()
    until("the page waits for the name", ANSWER, lambda: "“ada”" in ada.text("#banner-text"))
    assert ada.shown("#compose") and ada.text("#banner-act") == "Pick another name"
    ada.picture("name-held")
    ada.say("a little later")
    ghost.run("window.ghost.close()")
    ada.wait_in(NAME_BACK)
    ada.hears([("ada", "a little later")])


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
    stage.node.stop(number)
    if number == signal.SIGTERM:
        assert stage.node.process.returncode == 0, stage.node.process.returncode
    for who in (ada, bob):
        until("the banner is there", ANSWER, lambda: who.shown("#banner"))
        assert who.shown("#compose") and who.text("#link") == "Not connected"
    ada.say("typed while the node is away")
    until("it waits", ANSWER, lambda: ada.all("#outbox .waiting"))
    ada.picture(f"gone-{number.name.lower()}")
    ada.look(360, 740, "dark")
    ada.picture(f"gone-narrow-dark-{number.name.lower()}")
    ada.look(1280, 800, "light")
    stage.node.start()
    ada.wait_in(COME_BACK + NAME_BACK)
    # Who comes back after it was said has missed it: this vocabulary has no history.
    first = [("ada", "before")]
    ada.hears(first + [("ada", "typed while the node is away")])
    bob.wait_in(COME_BACK + NAME_BACK)
    heard = bob.messages()
    bob.say("and I am back too")
    ada.hears(first + [("ada", "typed while the node is away"), ("bob", "and I am back too")])
    bob.hears(heard + [("bob", "and I am back too")])
    assert ada.text("#who bdi") == "ada" and bob.text("#who bdi") == "bob"
    assert not ada.all("#outbox li")
    assert "You were away" in ada.text("#log .note")


@test
def after_a_node_is_told_to_stop_and_started_again_everybody_comes_back(stage):
    restart(stage, signal.SIGTERM)


@test
def after_a_node_is_killed_and_started_again_everybody_comes_back(stage):
    restart(stage, signal.SIGKILL)


@test
def what_was_under_way_when_the_node_died_is_sent_again_only_by_hand(stage):
    stage.outage = True
    ada = stage.person("ada")
    stage.node.tell(signal.SIGSTOP)
    ada.say("on its way")
    until("it is under way", ANSWER, lambda: ada.all("#outbox .flying"))
    stage.node.stop(signal.SIGKILL)
    until("it is given up", ANSWER, lambda: ada.all("#outbox .failed"))
    assert "may have been sent" in ada.text("#outbox .state")
    ada.picture("not-confirmed")
    stage.node.start()
    ada.wait_in(COME_BACK + NAME_BACK)
    ada.say("something else")
    ada.hears([("ada", "something else")])
    assert ada.all("#outbox .failed")
    ada.find("#outbox .button[aria-label^=Retry]").click()
    ada.hears([("ada", "something else"), ("ada", "on its way")])
    assert not ada.all("#outbox li")


@test
def a_node_that_has_gone_silent_is_noticed_when_something_is_said(stage):
    stage.outage = True
    ada = stage.person("ada")
    stage.node.tell(signal.SIGSTOP)
    ada.say("hello?")
    until("it is given up", GIVEN_UP, lambda: ada.all("#outbox .failed"))
    until("the connection is given up", GIVEN_UP, lambda: ada.shown("#banner"))
    stage.node.tell(signal.SIGCONT)
    ada.wait_in(COME_BACK + NAME_BACK)


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
  if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('.unseen, script')) continue;
  const [a, b] = [light(channels(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
  const ratio = (a + .05) / (b + .05);
  count++;
  if (ratio < 4.5) poor.push(`${walker.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
}
return count ? poor : ['no text found'];
"""

TARGETS = """
return [...document.querySelectorAll('button, input, textarea')].filter(one => one.checkVisibility()).flatMap(one => {
  const { width, height, left, right } = one.getBoundingClientRect();
  return width >= 44 && height >= 44 && left >= 0 && right <= innerWidth ? [] : [`${one.id || one.textContent}: ${width} x ${height} at ${left}`];
});
"""

LABELS = """
return [...document.querySelectorAll('button, input, textarea')].filter(one => one.checkVisibility())
  .filter(one => !(one.getAttribute('aria-label') || one.labels?.length || one.textContent.trim())).map(one => one.outerHTML);
"""


@test
def text_has_contrast_and_targets_have_size_light_and_dark_wide_and_narrow(stage):
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
            for width, height in ((1280, 800), (360, 740)):
                who.look(width, height, scheme)
                where = f"{name}-{scheme}-{width}"
                who.picture(where)
                poor = who.run(CONTRAST)
                assert not poor, f"{where}: contrast below 4.5: {poor}"
                small = who.run(TARGETS)
                assert not small, f"{where}: targets below 44 px or cut off: {small}"
                assert not who.run(LABELS), f"{where}: without a label: {who.run(LABELS)}"
                wide = "return document.documentElement.scrollWidth <= innerWidth && document.getElementById('scroll').scrollWidth <= innerWidth"
                assert who.run(wide), f"{where}: scrolls sideways"

    inspect(people[0], "chat")
    inspect(form, "form")
    people[0].find("#keys-open").click()
    inspect(people[0], "dialog")
    people[0].find("#keys button").click()
    stage.node.tell(signal.SIGSTOP)
    people[0].say("under way")
    stage.node.stop(signal.SIGKILL)
    until("it has failed", ANSWER, lambda: people[0].all("#outbox .failed"))
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
