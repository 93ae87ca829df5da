// A client of chatnode's plain protocol (docs/protocol/README.md): keeps one name logged in, comes back
// when the connection ends, and tells its page what happens. Works in browsers and in Node.js 22 or
// later.

// After these close codes a client does not come back by itself.
const FINAL_CODES = new Set([1000, 1002, 1003, 1007, 1008, 1009, 4001]);
const FIRST_WAIT = 500, LONGEST_WAIT = 20_000;   // milliseconds before a new connection, at most
// A name that was this client's may be taken by its own lost connection, until the node misses the
// answer to a ping: 25 s between two pings, and 8 s for the answer.
const OWN_NAME_WAIT = 35_000;

export class ChatClient extends EventTarget {
  isLoggedIn = false;
  #url; #name; #socket; #failures = 0; #timer; #wasLoggedIn = false; #lostAt = 0;
  #waiting = [];       // said while nobody was logged in; leaves after the next login
  #isStopped = false;

  /** Connects to `url` (ws://host:port/ws) and logs in as `name`. */
  constructor(url, name) {
    super();
    this.#url = url;
    this.#name = name;
    this.#connect();
  }

  /** Says a value, which may be anything that JSON has. */
  say(value) {
    if (this.isLoggedIn) this.#send('chat', value);
    else this.#waiting.push(value);
  }

  /** Leaves, and does not come back. */
  stop() {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  // Events: `chat`, `logged_in` and `error` carry the server's message in `detail`; `waiting`
  // carries {reason, ms}: the connection is gone, or the name cannot be had yet; `stopped` carries
  // {reason}.
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #send(type, value) {
    this.#socket.send(JSON.stringify({ type, username: this.#name, value }));
  }

  #connect() {
    const socket = this.#socket = new WebSocket(this.#url);
    socket.onopen = () => this.#send('login');
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  #receive(message) {
    switch (message.type) {
    case 'chat':
    case 'error':
      return this.#tell(message.type, message);
    case 'logged_in':
      this.isLoggedIn = this.#wasLoggedIn = true;
      // Not when the socket opens: a node without Redis opens it and closes with 1013.
      this.#failures = this.#lostAt = 0;
      for (const value of this.#waiting.splice(0)) this.#send('chat', value);
      return this.#tell('logged_in', message);
    case 'login_failure':
      return this.#refused(message);
    case 'logged_out':
      // Unasked: the node had lost touch with the others, and the name has passed on.
      this.isLoggedIn = false;
      return this.#send('login');
    }
  }

  #refused(message) {
    const isOwn = message.value === 'taken' && this.#wasLoggedIn;
    if (isOwn) this.#lostAt ||= Date.now();
    if (message.value !== 'unavailable' && !(isOwn && Date.now() - this.#lostAt < OWN_NAME_WAIT)) {
      return this.#stopFor(message.message);
    }
    const ms = message.retry_ms ?? 1000;
    this.#tell('waiting', { reason: message.message, ms });
    const socket = this.#socket;
    this.#timer = setTimeout(() => {
      if (socket === this.#socket && socket.readyState === WebSocket.OPEN) this.#send('login');
    }, ms);
  }

  #closed(code, reason) {
    this.isLoggedIn = false;
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    if (FINAL_CODES.has(code)) return this.#stopFor(reason || `closed with ${code}`);
    // Full jitter: thousands whose node has ended do not all come back at one moment.
    const ms = Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#tell('waiting', { reason: reason || `closed with ${code}`, ms });
    this.#timer = setTimeout(() => this.#connect(), ms);
  }

  #stopFor(reason) {
    this.stop();
    this.#tell('stopped', { reason });
  }
}
