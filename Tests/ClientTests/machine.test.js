// What the machine of chatnode.js decides, without a network: each test plays the node by hand.
//
// Exports its tests, so that each engine runs the same: run.js in Node and Deno, run.html in a browser.

export function tests({ createMachine }) {
  const all = [];
  const test = (title, run) => all.push({ title, run });

  function assert(is, what) { if (!is) throw new Error(what); }

  function equal(is, expected, what = '') {
    const [a, b] = [JSON.stringify(is), JSON.stringify(expected)];
    assert(a === b, `${what} is ${a}, not ${b}`);
  }

  /** A machine with a clock turned by hand, and all that it did. */
  class Player {
    constructor(options = {}) {
      this.time = 1000;
      this.saved = {};
      this.sent = [];
      this.told = [];
      this.closed = [];
      this.dials = 0;
      this.machine = createMachine({ random: () => 1, ...options });
    }

    do(type, event = {}) {
      const { effects, wakeAt } = this.machine.handle({ ...event, type }, this.time);
      this.wakeAt = wakeAt;
      for (const effect of effects) {
        if (effect.do === 'dial') this.dialing = effect.socket, this.dials++;
        if (effect.do === 'send') this.sent.push(JSON.parse(JSON.stringify(effect.message)));
        if (effect.do === 'send') equal(effect.socket, this.socket, 'the socket that it sends on');
        if (effect.do === 'close') this.closed.push([effect.socket, effect.code]);
        if (effect.do === 'tell') this.told.push({ ...effect.detail, is: effect.type });
        if (effect.do === 'save') this.saved = JSON.parse(JSON.stringify(effect.value));
      }
      return this;
    }

    /** Waits until it dials again. */
    redial() {
      while (this.machine.view.state === 'waiting') this.pass(this.wakeAt - this.time);
      return this;
    }

    open() {
      this.socket = this.dialing;
      this.sent = [];
      return this.do('opened', { socket: this.socket, protocol: 'chat.v1' });
    }

    cut(code = 1006) { return this.do('closed', { socket: this.socket, code }); }
    hear(message) { return this.do('frame', { socket: this.socket, message }); }

    /** Lets time pass, and wakes the machine whenever it wants to be. */
    pass(ms) {
      const end = this.time + ms;
      while (this.wakeAt <= end) {
        this.time = this.wakeAt;
        this.do('wake', { wall: this.time });
      }
      this.time = end;
      return this;
    }

    /** Connects, and has the node grant the name. */
    in({ acked = 0, resumed = false, ...more } = {}) {
      this.do('connect').redial().open();
      return this.hear({ type: 'logged_in', username: 'Ada', session: `s${this.dials}`, node: 'n1', resumed, acked, ping_ms: 25000, ...more });
    }

    join(room = 'tea', more = {}) {
      this.do('join', { room, ...more });
      return this.hear({ type: 'joined', room, epoch: '7', seq: 10, mid: 'a.10' });
    }

    /** Connects again, and lets the client send what it has; returns its login. */
    back(more) {
      this.cut().redial().open();
      const login = this.sent.shift();
      this.hear({ type: 'logged_in', username: 'Ada', session: 'next', node: 'n2', resumed: true, acked: 0, ...more });
      this.pass(500);
      return login;
    }

    /** Has it say something, and lets the time pass that is between two messages. */
    say(value, room = 'tea') {
      const id = `${value}`;
      return this.do('send', { entry: { id, room, value } }).pass(50);
    }

    chat(seq, more = {}) { return this.hear({ type: 'chat', username: 'Bob', value: 'x', room: 'tea', seq, ts: 1, mid: `a.${seq}`, ...more }); }
    ack(value, n, more = {}) { return this.hear({ type: 'ack', id: `${value}`, n, room: 'tea', mid: `m.${n}`, seq: n, ts: 1, ...more }); }
    refuse(value, code, more = {}) { return this.hear({ type: 'error', username: 'Ada', value: 'No', code, room: 'tea', id: `${value}`, ...more }); }
    numbers() { return this.sent.filter((one) => one.type === 'chat').map((one) => `${one.value}:${one.n}`); }
    states() { return this.machine.view.outbox.map((one) => `${one.value} ${one.state}`); }
    tells(type) { return this.told.filter((one) => one.is === type); }
    since(room = 'tea') { return this.sent.find((one) => one.type === 'join' && one.room === room)?.since; }
  }

  const ada = (options) => new Player({ name: 'Ada', ...options });

  // MARK: the name

  test('it logs in, keeps the secret, and takes the name over with the newest one', () => {
    const one = ada().in();
    equal(one.sent[0], { type: 'login', username: 'Ada' });
    equal(one.saved.session, 's1');
    equal(one.back(), { type: 'login', username: 'Ada', session: 's1' });
    equal(one.saved.session, 'next');
    equal(one.machine.view, { state: 'open', name: 'Ada', node: 'n2', isLoggedIn: true, outbox: [], rooms: {} });
  });

  test('a room whose name means something to JavaScript keeps its place, too', () => {
    for (const room of ['__proto__', 'constructor']) {
      const one = ada().in().join(room).chat(11, { room }).pass(1000);
      one.back();
      equal(one.since(room), { epoch: '7', seq: 11, mid: 'a.11' }, room);
      const other = new Player(one.saved).do('join', { room }).do('connect').open();
      equal(other.since(room), { epoch: '7', seq: 11, mid: 'a.11' }, `${room}, of what was kept`);
    }
  });

  test('a client that is made with what was kept takes the name over', () => {
    const { saved } = ada().in().do('send', { entry: { id: 'a', room: 'tea', value: 1 } });
    const other = new Player(saved).do('connect').open();
    equal(other.sent[0], { type: 'login', username: 'Ada', session: 's1' });
  });

  test('a name that is taken is given up, and its secret with it', () => {
    const one = ada({ session: 'old' }).do('connect').open();
    one.say('hello').hear({ type: 'login_failure', username: 'Ada', value: 'taken', message: 'It is taken' });
    equal(one.tells('login_failure')[0].isFinal, true);
    equal(one.states(), ['hello failed']);
    equal(one.machine.view.state, 'open');
    one.pass(30000);
    equal(one.sent.filter((sent) => sent.type === 'login').length, 1);
    one.do('login', { name: 'Bob' });
    equal(one.sent.at(-1), { type: 'login', username: 'Bob' });
  });

  test('a login that is refused with retry_ms is sent again after it, on the same socket', () => {
    for (const value of ['unavailable', 'taken']) {
      const one = ada({ session: 'old' }).do('connect').open();
      one.hear({ type: 'login_failure', username: 'Ada', value, retry_ms: 1500 }).pass(1400);
      equal(one.sent.filter((sent) => sent.type === 'login').length, 1);
      one.pass(200);
      equal(one.sent.filter((sent) => sent.type === 'login').length, 2);
      equal(one.dials, 1);
    }
  });

  test('a name whose first login lost its answer is asked for until its own linger is over', () => {
    const one = ada().do('connect').open();
    one.cut().redial().open();
    one.hear({ type: 'login_failure', username: 'Ada', value: 'taken' });
    equal(one.tells('login_failure')[0].isFinal, false);
    for (let at = 0; at < 8; at++) one.pass(8000).hear({ type: 'pong' });
    one.hear({ type: 'login_failure', username: 'Ada', value: 'taken' });
    equal(one.tells('login_failure')[1].isFinal, true);
  });

  test('a lost lease has it log in again at once, with its secret', () => {
    const one = ada().in();
    one.hear({ type: 'logged_out', username: 'Ada', value: true, reason: 'lease_lost' });
    equal(one.sent.at(-1), { type: 'login', username: 'Ada', session: 's1' });
  });

  test('a logout sends itself, keeps no secret, and fails what was not sent', () => {
    const one = ada().in().cut().say('hello').redial().open();
    one.hear({ type: 'logged_in', username: 'Ada', node: 'n1', resumed: true, acked: 0 });
    one.say('flies').do('logout');
    equal(one.sent.at(-1), { type: 'logout' });
    equal(one.saved.session, undefined);
    one.ack('flies', 2);
    equal(one.states(), ['hello pending']);
    one.cut();
    equal(one.states(), ['hello unknown']);
  });

  test('another name is wanted while the first one is asked for: its answer is not mistaken', () => {
    const one = ada().do('connect').open().do('login', { name: 'Bob' });
    equal(one.closed, [[1, 4000]]);
    one.hear({ type: 'logged_in', username: 'Ada', session: 's', node: 'n1', resumed: false, acked: 0 });
    equal(one.machine.view.isLoggedIn, false);
    one.redial().open();
    equal(one.sent[0], { type: 'login', username: 'Bob' });
  });

  test('another spelling of its name is not another name', () => {
    const one = ada({ name: 'Zo\u00eb' }).do('connect').open();
    one.hear({ type: 'logged_in', username: 'Zo\u00eb', session: 's', node: 'n1', resumed: false, acked: 0 });
    one.do('login', { name: 'zoe\u0308' });
    equal([one.machine.view.isLoggedIn, one.saved.session], [true, 's']);
  });

  test('what one name has not sent, another one does not say', () => {
    const one = ada().in().cut().say('private').do('login', { name: 'Bob' });
    equal(one.states(), ['private failed']);
    one.redial().open().hear({ type: 'logged_in', username: 'Bob', session: 'b', node: 'n1', resumed: false, acked: 0 });
    equal(one.numbers(), []);
    equal(new Player().do('connect').say('early').told.at(-1).code, 'not_logged_in');
  });

  // MARK: connections

  test('what it is told to wait for it waits for over a new socket, too', () => {
    const one = ada().in().join().say('a').refuse('a', 'rate_limited', { n: 1, retry_ms: 30000 });
    one.hear({ type: 'error', code: 'unavailable', room: 'tea', retry_ms: 30000 });
    one.do('join', { room: 'milk' });
    one.hear({ type: 'error', code: 'unavailable', room: 'milk', retry_ms: 30000 });
    one.back();
    const chats = () => one.sent.filter((sent) => sent.type === 'chat' || sent.room === 'milk').length;
    equal(chats(), 0);
    one.pass(31000);
    equal(chats(), 2);
  });

  test('a refused page of history does not hold up the next join, and nothing is timed after the end', () => {
    const one = ada().in().join().do('history', { room: 'tea', id: 'h' });
    one.hear({ type: 'error', code: 'rate_limited', room: 'tea', id: 'h', retry_ms: 30000 }).back();
    equal(one.sent.some((sent) => sent.type === 'join' && sent.room === 'tea'), true);
    const other = ada().in().do('join', { room: 'tea' });
    other.hear({ type: 'error', code: 'rate_limited', room: 'tea', retry_ms: 30000 }).do('stop');
    assert(other.wakeAt === Infinity, `it wakes in ${other.wakeAt - other.time} ms`);
  });

  test('to use it while it waits does not shorten the wait', () => {
    const one = ada().in().cut(4008);
    const { dials } = one;
    one.pass(6000);
    one.do('send', { entry: { id: 'late', room: 'lobby', value: 1 }, wall: one.time }).do('typing', { room: 'tea', wall: one.time });
    equal(one.dials, dials);
  });

  test('it comes back after each close code but those that are final', () => {
    const final = [1000, 1002, 1003, 1007, 1008, 1009, 4001, 4003];
    for (const code of [...final, 1001, 1006, 1011, 1012, 1013, 4000, 4005, 4008]) {
      const one = ada().in().cut(code).pass(60000);
      equal(one.dials, final.includes(code) ? 1 : one.dials, code);
      equal(one.machine.view.state === 'stopped', final.includes(code), code);
      assert(final.includes(code) || one.dials > 1, `it stays away after ${code}`);
    }
  });

  test('after 4001 it does not use its secret again, but by a new login', () => {
    const one = ada().in();
    one.hear({ type: 'logged_out', username: 'Ada', value: true, reason: 'replaced' }).cut(4001).pass(60000);
    equal(one.sent.filter((sent) => sent.type === 'login').length, 1);
    one.do('connect').open();
    equal(one.sent[0], { type: 'login', username: 'Ada' });
  });

  test('waits are drawn between 0 and a bound that doubles up to 20 s, and begins anew after a login', () => {
    const waits = [];
    const one = ada({ random: () => 0.5 }).do('connect');
    for (let at = 0; at < 8; at++) {
      one.do('closed', { socket: one.dialing, code: 1006 });
      waits.push(one.told.at(-1).wait_ms);
      one.redial();
    }
    equal(waits, [250, 500, 1000, 2000, 4000, 8000, 10000, 10000]);
    one.open().hear({ type: 'logged_in', username: 'Ada', session: 's', node: 'n1', resumed: false, acked: 0 }).cut();
    equal(one.told.at(-1).wait_ms, 250);
  });

  test('a socket that opens and closes before the login counts as a failure', () => {
    const one = ada().do('connect').open().cut(1013);
    one.redial().open().cut(1013);
    equal(one.told.at(-1).wait_ms, 1000);
  });

  test('after 4008 it draws from the longest bound', () => {
    equal(ada({ random: () => 0.5 }).in().cut(4008).tells('state').at(-1).wait_ms, 10000);
  });

  test('an opening that takes too long is given up, and a probe does not end it earlier', () => {
    const one = ada().do('connect').pass(9000).do('probe').pass(1000);
    equal(one.dials, 1);
    equal(one.closed, [[1, 4000]]);
    equal(one.machine.view.state, 'waiting');
  });

  test('a server that does not speak chat.v1 is left', () => {
    const one = ada().do('connect');
    one.do('opened', { socket: one.dialing, protocol: '' });
    equal(one.machine.view.state, 'stopped');
  });

  test('it asks whether a silent node lives after ping_ms, and leaves it 8 s later', () => {
    const one = ada().in({ ping_ms: 20000 }).pass(19900);
    equal(one.sent.at(-1).type, 'login');
    one.pass(200);
    equal(one.sent.at(-1), { type: 'ping' });
    one.hear({ type: 'pong' }).pass(27900);
    equal(one.machine.view.state, 'open');
    one.pass(200);
    equal(one.closed, [[1, 4000]]);
    assert(one.machine.view.state !== 'open', 'it holds on to a dead socket');
  });

  test('it asks earlier if an answer is due', () => {
    const one = ada().in().say('hello').pass(8100);
    equal(one.sent.at(-1), { type: 'ping' });
    // Whatever else comes meanwhile; and not any more once it is answered.
    one.chat(1).pass(8100);
    equal(one.sent.filter((sent) => sent.type === 'ping').length, 2);
    one.hear({ type: 'pong' }).ack('hello', 1).pass(20000);
    equal(one.sent.filter((sent) => sent.type === 'ping').length, 2);
  });

  test('what it sends itself does not put off that it notices a dead socket', () => {
    for (const every of [100, 1000, 7000]) {
      const one = ada().in(), start = one.time;
      for (let at = 0; one.machine.view.state === 'open'; at++) {
        assert(one.time - start <= 24000, `it holds on to a dead socket while it sends every ${every} ms`);
        one.say(at).do('typing', { room: 'tea' }).pass(every);
      }
    }
  });

  test('a sleep, and a probe of the application, have it ask at once', () => {
    const one = ada().in().pass(6000);
    one.do('wake', { wall: one.time + 3600000 });
    equal(one.sent.at(-1), { type: 'ping' });
    const other = ada().in().do('probe');
    equal(other.sent.at(-1), { type: 'ping' });
    other.cut().pass(1).do('probe');
    equal(other.dials, 2);
  });

  test('a node that leaves: it resumes on a second socket, and closes the first one then', () => {
    const one = ada().in().join();
    one.say('before');
    one.hear({ type: 'reconnect', within_ms: 4000, reason: 'drain' }).pass(1000);
    equal(one.dials, 1);
    one.chat(11).pass(1500);
    equal(one.dials, 2);
    one.chat(12);
    const old = one.socket;
    one.open();
    equal(one.closed, [[old, 1000]]);
    equal(one.sent[0], { type: 'login', username: 'Ada', session: 's1' });
    equal(one.since(), { epoch: '7', seq: 12, mid: 'a.12' });
    one.do('closed', { socket: old, code: 4001 });
    one.do('frame', { socket: old, message: { type: 'chat', room: 'tea', seq: 13, mid: 'a.13' } });
    equal(one.machine.view.state, 'open');
    one.hear({ type: 'logged_in', username: 'Ada', session: 's2', node: 'n2', resumed: true, acked: 0 });
    equal(one.numbers(), ['before:1']);
    one.pass(4000);
    equal(one.dials, 2);
  });

  test('a stop closes the socket and nothing is dialled again', () => {
    const one = ada().in().do('stop').pass(60000);
    equal(one.closed, [[1, 1000]]);
    equal(one.dials, 1);
    equal(one.tells('state').at(-1).state, 'stopped');
  });

  // MARK: rooms and positions

  test('rooms are joined behind the login, which needs no answer for that', () => {
    const one = ada().do('join', { room: 'tea', history: 20 }).do('connect').open();
    equal(one.sent, [{ type: 'login', username: 'Ada' }, { type: 'join', room: 'tea', history: 20 }]);
    const reader = new Player({}).do('join', { room: 'tea' }).do('connect').open();
    equal(reader.sent, [{ type: 'join', room: 'tea' }]);
  });

  test('joined, reset, chat, removed and unknown entries move the position; nothing else does', () => {
    const moves = [
      [{ type: 'chat', seq: 11, mid: 'a.11' }, { epoch: '7', seq: 11, mid: 'a.11' }],
      [{ type: 'ack', seq: 12, mid: 'a.12' }],
      [{ type: 'synced', seq: 12 }],
      [{ type: 'history', items: [{ type: 'chat', seq: 3, mid: 'a.3' }], more: false }],
      [{ type: 'gap', from: 12, to: 14 }],
      [{ type: 'error', code: 'unavailable', seq: 12, mid: 'a.12' }],
      [{ type: 'chat', value: 'by hand' }],
      [{ type: 'presence', v: 3, joined: ['Bob'], left: [], count: 2 }],
      [{ type: 'removed', seq: 15, mid: 'a.15', of: { seq: 11, mid: 'a.11' }, by: 'Bob' }, { epoch: '7', seq: 15, mid: 'a.15' }],
      [{ type: 'reaction', seq: 16, mid: 'a.16', some: ['thing'] }, { epoch: '7', seq: 16, mid: 'a.16' }],
      [{ type: 'reset', epoch: '8', seq: 14, mid: 'a.14' }, { epoch: '8', seq: 14, mid: 'a.14' }],
      [{ type: 'chat', seq: 15, mid: 'b.1', extra: 'key' }, { epoch: '8', seq: 15, mid: 'b.1' }],
    ];
    const one = ada().in().join();
    let place = { epoch: '7', seq: 10, mid: 'a.10' };
    for (const [message, moved] of moves) {
      one.hear({ room: 'tea', ...message });
      place = moved ?? place;
      const { since } = structuredCloneOf(one);
      equal(since, place, message.type);
    }
    for (const type of ['gap', 'reset', 'removed', 'reaction', 'synced']) equal(one.tells(type).length, 1, type);
    one.back();
    equal(one.since(), place);
  });

  // What a client that is made now from what this one has saved would join with.
  function structuredCloneOf(one) {
    one.pass(300);
    const other = new Player(one.saved).do('join', { room: 'tea' }).do('connect').open();
    other.hear({ type: 'logged_in', username: 'Ada', session: 's', node: 'n1', resumed: true, acked: 0 });
    return other.sent.find((sent) => sent.type === 'join');
  }

  test('it resumes from the same place across two reconnects without traffic', () => {
    const one = ada().in().join().chat(11);
    one.back();
    equal(one.since(), { epoch: '7', seq: 11, mid: 'a.11' });
    one.back();
    equal(one.since(), { epoch: '7', seq: 11, mid: 'a.11' });
  });

  test('a replay that is cut in the middle goes on where it was cut', () => {
    const one = ada().in().join();
    one.back();
    one.hear({ type: 'joined', room: 'tea', epoch: '7', seq: 10, mid: 'a.10', recovered: true }).chat(11).chat(12);
    one.back();
    equal(one.since(), { epoch: '7', seq: 12, mid: 'a.12' });
  });

  test('a room without a name in its frames is the lobby', () => {
    const one = ada().in().join('lobby');
    one.hear({ type: 'chat', username: 'Bob', value: 'x', seq: 11, mid: 'a.11' });
    equal(one.told.at(-1).room, 'lobby');
    one.back();
    equal(one.since('lobby'), { epoch: '7', seq: 11, mid: 'a.11' });
  });

  test('after a leave, frames of the room are ignored until the next joined', () => {
    const one = ada().in().join().do('leave', { room: 'tea' });
    equal(one.sent.at(-1), { type: 'leave', room: 'tea', id: 'quiet' });
    one.chat(11).do('join', { room: 'tea', history: 5 });
    equal(one.sent.at(-1), { type: 'join', room: 'tea', history: 5 });
    one.chat(12);
    equal(one.tells('chat'), []);
    one.hear({ type: 'joined', room: 'tea', epoch: '7', seq: 11, mid: 'a.11' }).chat(12);
    equal(one.tells('chat').length, 1);
  });

  test('a room that is left before its join is answered is left with the answer, and joined again after that', () => {
    const one = ada().in();
    for (const type of ['join', 'leave', 'join']) one.do(type, { room: 'tea' });
    const types = () => one.sent.slice(1).map((sent) => sent.type);
    equal(types(), ['join']);
    const joined = { type: 'joined', room: 'tea', epoch: '7', seq: 10, mid: 'a.10' };
    one.hear(joined).chat(11);
    equal(one.told.filter((told) => told.room), []);
    equal(types(), ['join', 'leave', 'join']);
    one.hear({ ...joined, seq: 12, mid: 'a.12' }).chat(13);
    equal(one.told.filter((told) => told.room).map((told) => told.seq), [12, 13]);
    const other = ada().in();
    for (const type of ['join', 'leave', 'join']) other.do(type, { room: 'tea' });
    other.hear({ type: 'error', code: 'unavailable', room: 'tea', retry_ms: 1000 }).hear(joined);
    equal(other.machine.view.rooms.get('tea').state, 'in');
    equal(other.sent.slice(1).map((sent) => sent.type), ['join', 'join']);
    const third = ada().in();
    for (const type of ['join', 'leave']) third.do(type, { room: 'tea' });
    third.hear(joined).chat(11);
    equal(third.sent.slice(1).map((sent) => sent.type), ['join', 'leave']);
  });

  test('an entry that does not come next has it join again from its position', () => {
    const one = ada().in().join().chat(11);
    one.sent = [];
    one.chat(13);
    equal(one.sent, [{ type: 'leave', room: 'tea', id: 'quiet' }, { type: 'join', room: 'tea', since: { epoch: '7', seq: 11, mid: 'a.11' } }]);
    one.chat(14).hear({ type: 'joined', room: 'tea', epoch: '7', seq: 11, mid: 'a.11', recovered: true }).chat(12).chat(13);
    equal(one.tells('chat').map((told) => told.seq), [11, 12, 13]);
    one.hear({ type: 'gap', room: 'tea', from: 14, to: 15 }).chat(16).hear({ type: 'reset', room: 'tea', epoch: '8', seq: 12, mid: 'a.12' }).chat(13);
    equal(one.tells('chat').map((told) => told.seq), [11, 12, 13, 16, 13]);
  });

  test('a join that is refused is sent again after retry_ms, and not at all if waiting does not help', () => {
    const one = ada().in().do('join', { room: 'tea' });
    one.hear({ type: 'error', code: 'unavailable', room: 'tea', retry_ms: 1000 }).pass(900);
    equal(one.sent.filter((sent) => sent.type === 'join').length, 1);
    one.pass(200);
    equal(one.sent.filter((sent) => sent.type === 'join').length, 2);
    one.hear({ type: 'error', code: 'too_long', room: 'tea', value: 'Too many' }).pass(60000);
    equal(one.sent.filter((sent) => sent.type === 'join').length, 2);
    equal(one.tells('error').length, 1);
    equal(one.machine.view.rooms.size, 0);
  });

  test('who is present follows joined and presence', () => {
    const one = ada().in().do('join', { room: 'tea' });
    one.hear({ type: 'joined', room: 'tea', epoch: '7', seq: 0, mid: 'a.0', count: 2, members: ['Ada', 'Bob'] });
    const who = () => { const { members, count } = one.machine.view.rooms.get('tea'); return [members && [...members], count]; };
    equal(who(), [['Ada', 'Bob'], 2]);
    one.hear({ type: 'presence', room: 'tea', v: 3, joined: ['Cleo'], left: ['Bob'], count: 2 });
    equal(who(), [['Ada', 'Cleo'], 2]);
    one.hear({ type: 'presence', room: 'tea', v: 4, count: 201 });
    equal(who(), [undefined, 201]);
    one.hear({ type: 'presence', room: 'tea', v: 5, joined: ['Dora'], left: [], count: 200 });
    equal(who(), [undefined, 200]);
    one.hear({ type: 'presence', room: 'tea', v: 6, members: ['Ada'], count: 1 });
    equal(who(), [['Ada'], 1]);
    one.back();
    one.hear({ type: 'joined', room: 'tea', epoch: '7', seq: 0, mid: 'a.0', recovered: true });
    equal(who(), [undefined, undefined]);
  });

  test('typing is told every three seconds at most, and its refusal is nothing to tell', () => {
    const one = ada().in().join();
    for (let at = 0; at < 7; at++) one.do('typing', { room: 'tea' }).pass(1000);
    equal(one.sent.filter((sent) => sent.type === 'typing').length, 3);
    one.hear({ type: 'error', code: 'unknown_type', room: 'tea', id: 'quiet' });
    equal(one.tells('error'), []);
  });

  test('history is answered, asked again after a refusal and after a cut', () => {
    const one = ada().in().join().do('history', { room: 'tea', before: 10, limit: 50, id: 'h' });
    equal(one.sent.at(-1), { type: 'history', room: 'tea', before: 10, limit: 50, id: 'h' });
    one.hear({ type: 'error', code: 'rate_limited', room: 'tea', id: 'h', retry_ms: 200 }).pass(300);
    equal(one.sent.filter((sent) => sent.type === 'history').length, 2);
    one.back();
    one.hear({ type: 'joined', room: 'tea', epoch: '7', seq: 10, mid: 'a.10', recovered: true });
    equal(one.sent.at(-1).type, 'history');
    one.hear({ type: 'history', room: 'tea', items: [{ type: 'chat', seq: 9 }], more: true });
    equal(one.tells('answer'), [{ id: 'h', items: [{ type: 'chat', seq: 9 }], more: true, is: 'answer' }]);
    one.do('history', { room: 'tea', before: 9, id: 'i' });
    equal(one.sent.at(-1), { type: 'history', room: 'tea', before: 9, id: 'i' });
    one.do('leave', { room: 'tea' });
    equal(one.tells('answer').at(-1), { id: 'i', code: 'not_in_room', is: 'answer' });
  });

  test('status, pong and types of later versions disturb nothing, and are told', () => {
    const one = ada().in();
    one.hear({ type: 'status', value: 'degraded' }).hear({ type: 'pong' }).hear({ type: 'confetti', n: 1 }).hear({}).hear(null);
    one.hear({ type: 'toString' });
    equal(one.told.slice(-3).map((told) => told.is), ['status', 'confetti', 'toString']);
  });

  // MARK: the outbox

  test('messages are numbered from acked + 1 over all rooms, and saved before they are sent', () => {
    const one = ada().in({ acked: 4, resumed: true });
    const { effects } = one.machine.handle({ type: 'send', entry: { id: 'a', room: 'tea', value: 'a' } }, one.time);
    equal(effects.map((effect) => effect.do), ['save', 'tell', 'send']);
    equal(effects[0].value.outbox[0].n, 5);
    one.say('b', 'lobby').say('c');
    equal(one.numbers(), ['b:6', 'c:7']);
  });

  test('an ack takes the entry out, whether it comes before its chat, after it, or twice', () => {
    const one = ada().in().join().say('a').say('b');
    one.ack('a', 1).chat(11, { mid: 'm.1' }).chat(12, { mid: 'm.2' }).ack('b', 2).ack('b', 2, { dup: true });
    equal(one.states(), []);
    const acked = one.tells('outbox').filter((told) => told.state === 'acked').map((told) => [told.mid, told.seq]);
    equal(acked, [['m.1', 1], ['m.2', 2]]);
  });

  test('after a resumed login what was accepted is taken out, and the rest sent again under its numbers', () => {
    const one = ada().in().say('a').say('b').say('c').ack('a', 1);
    one.back({ acked: 2 });
    equal(one.numbers(), ['c:3']);
    equal(one.tells('outbox').filter((told) => told.state === 'acked').map((told) => told.value), ['a', 'b']);
    one.ack('c', 3).say('d');
    equal(one.numbers(), ['c:3', 'd:4']);
    equal(one.states(), ['d pending']);
  });

  test('after a loss of data numbers go on from the acked that the node tells', () => {
    const one = ada().in();
    for (const value of ['a', 'b', 'c', 'd']) one.say(value);
    one.ack('a', 1).ack('b', 2).back({ acked: 1 });
    equal(one.numbers(), ['c:2', 'd:3']);
  });

  test('after a login that is not resumed, what was sent is unknown, and what was not goes on from 1', () => {
    const one = ada().in().say('a').cut().say('b').redial();
    one.open().hear({ type: 'logged_in', username: 'Ada', session: 'x', node: 'n1', resumed: false, acked: 0 });
    equal(one.states(), ['a unknown', 'b pending']);
    equal(one.numbers(), ['b:1']);
    one.ack('b', 1).pass(60000);
    equal(one.numbers(), ['b:1']);
    one.do('discard', { id: 'a' });
    equal(one.states(), []);
  });

  test('an unavailable message is sent again under its number after retry_ms, with those after it', () => {
    const one = ada().in().say('a').say('b');
    one.refuse('a', 'unavailable', { n: 1, retry_ms: 1000 }).refuse('b', 'resend', { n: 2, from: 1 });
    one.pass(900);
    equal(one.numbers(), ['a:1', 'b:2']);
    one.pass(200);
    equal(one.numbers(), ['a:1', 'b:2', 'a:1', 'b:2']);
  });

  test('resend has it go on with the number that is due', () => {
    const one = ada().in().say('a').say('b').say('c').ack('a', 1);
    one.refuse('c', 'resend', { n: 3, from: 2 }).refuse('b', 'resend', { n: 2, from: 2 }).pass(200);
    equal(one.numbers(), ['a:1', 'b:2', 'c:3', 'b:2', 'c:3']);
    const other = ada().in({ acked: 9, resumed: true }).say('x').refuse('x', 'resend', { n: 10, from: 4 }).pass(200);
    equal(other.numbers(), ['x:10', 'x:4']);
  });

  test('a message that is refused for good frees its number, and the next one takes it', () => {
    const one = ada().in().say('a').say('b').say('c');
    one.refuse('a', 'bad_name', { n: 1 }).refuse('b', 'resend', { n: 2, from: 1 }).refuse('c', 'resend', { n: 3, from: 1 });
    equal(one.states(), ['a failed', 'b pending', 'c pending']);
    one.pass(200);
    equal(one.numbers(), ['a:1', 'b:2', 'c:3', 'b:1', 'c:2']);
    one.ack('b', 1).ack('c', 2).say('d');
    equal(one.numbers().at(-1), 'd:3');
  });

  test('nothing is sent again before everything on its way is answered', () => {
    const one = ada().in();
    for (let at = 1; at <= 5; at++) one.say(at);
    one.refuse(2, 'rate_limited', { n: 2, retry_ms: 100 }).pass(1000);
    equal(one.numbers().length, 5);
    one.say('later').ack(1, 1);
    one.sent = [];
    for (let at = 3; at <= 5; at++) one.refuse(at, 'resend', { n: at, from: 2 });
    one.pass(200);
    equal(one.numbers(), ['2:2', '3:3', '4:4', '5:5', 'later:6']);
  });

  test('a message that is refused for good while others are on their way moves those down when they are answered', () => {
    const one = ada().in().say('a').say('b').say('c').ack('a', 1).refuse('b', 'bad_message', { n: 2 });
    one.say('d');
    equal(one.numbers(), ['a:1', 'b:2', 'c:3']);
    one.refuse('c', 'resend', { n: 3, from: 2 }).pass(100);
    equal(one.numbers().slice(3), ['c:2', 'd:3']);
  });

  test('an answer is taken by its number, with an id and without', () => {
    const one = ada().in().say('a').say('b').hear({ type: 'ack', n: 2, room: 'tea', mid: 'm.2' });
    equal(one.states(), ['a pending']);
    one.hear({ type: 'error', code: 'forbidden', room: 'tea', n: 1 });
    equal(one.states(), ['a failed']);
  });

  test('20 messages a second leave at most, however many wait', () => {
    const one = ada();
    for (let at = 1; at <= 60; at++) one.say(at);
    one.in();
    for (let second = 1, before = one.numbers().length; second <= 3; second++) {
      for (let at = 0; at < 20; at++) {
        one.pass(50);
        for (const { id, n } of one.machine.view.outbox.filter((entry) => entry.sent)) one.ack(id, n);
      }
      const count = one.numbers().length;
      assert(count - before <= 20 && (count === 60 || count - before > 15), `${count - before} in a second`);
      before = count;
    }
    equal(one.numbers().length, 60);
  });

  test('24 messages fly at most', () => {
    const one = ada().in();
    for (let at = 1; at <= 100; at++) one.say(at);
    equal(one.numbers().length, 24);
    one.ack(1, 1);
    equal(one.numbers().at(-1), '25:25');
  });

  test('the outbox takes 500 entries, and none that a node would close on', () => {
    const one = ada();
    for (let at = 1; at <= 501; at++) one.say(at);
    equal(one.machine.view.outbox.length, 500);
    equal(one.tells('outbox').at(-1).code, 'outbox_full');
    const other = ada().say('x'.repeat(16384));
    equal(other.tells('outbox').at(-1).code, 'too_long');
    // A node answers a value that is nested deeper than it reads without its number.
    const nested = (levels) => JSON.parse('['.repeat(levels) + '1' + ']'.repeat(levels));
    equal(other.say(nested(31)).tells('outbox').at(-1).code, 'too_long');
    equal(other.states(), []);
    equal(other.say(nested(30)).tells('outbox').at(-1).state, 'pending');
  });

  test('entries that have failed make room for others, the oldest one first', () => {
    const one = ada().in();
    for (let at = 1; at <= 500; at++) one.say(at).refuse(at, 'forbidden', { n: 1 });
    equal(one.machine.view.outbox.length, 500);
    one.say('a').say('b');
    equal([one.machine.view.outbox.length, ...one.states().slice(-2)], [500, 'a pending', 'b pending']);
    equal(one.tells('outbox').filter((told) => told.state === 'discarded').map((told) => told.value), [1, 2]);
  });

  test('unsent messages survive a reload, under their numbers', () => {
    const one = ada().in().say('a').cut().say('b');
    one.pass(300);
    const other = new Player(one.saved).do('connect').open();
    other.hear({ type: 'logged_in', username: 'Ada', session: 'x', node: 'n1', resumed: true, acked: 1 });
    equal(other.numbers(), ['b:2']);
    equal(other.states(), ['b pending']);
  });

  test('a removal is an entry: numbered, acked, refused for good', () => {
    const one = ada().in().do('send', { entry: { id: 'r', room: 'tea', remove: { seq: 3, mid: 'a.3' } } }).say('b');
    equal(one.sent[1], { type: 'remove', room: 'tea', seq: 3, mid: 'a.3', id: 'r', n: 1 });
    one.refuse('r', 'forbidden', { n: 1 });
    equal(one.tells('outbox').at(-1).code, 'forbidden');
    one.refuse('b', 'resend', { n: 2, from: 1 }).pass(200).ack('b', 1);
    equal(one.states().length, 1);
  });

  test('a message that may be known to the node cannot be discarded', () => {
    const one = ada().in().say('a').do('discard', { id: 'a' });
    equal(one.states(), ['a pending']);
    one.cut().do('discard', { id: 'a' });
    equal(one.states(), ['a pending']);
  });

  // What a node does with numbers, cut and refusing at random: each message is said once, in order.
  test('whatever is lost or refused, each message is said once and in order', () => {
    for (let seed = 1; seed <= 300; seed++) {
      let state = seed;
      const random = () => { state = (state * 1664525 + 1013904223) % 2 ** 32; return state / 2 ** 32; };
      const one = ada({ random }), said = [];
      let acked = 0, inbox = 0;
      one.do('connect').open();
      const count = 30;
      for (let at = 1; at <= count; at++) one.do('send', { entry: { id: `i${at}`, room: `r${at % 3}`, value: at } });
      for (let step = 0; step < 4000 && one.machine.view.outbox.length; step++) {
        if (one.machine.view.state !== 'open') {
          one.redial().open();
          inbox = 0;
          continue;
        }
        if (inbox >= one.sent.length) { one.pass(60); continue; }
        const message = one.sent[inbox++];
        const isAnswerLost = random() < 0.05, isRefused = random() < 0.1;
        let answer;
        if (message.type === 'login') {
          answer = { type: 'logged_in', username: 'Ada', session: 's', node: 'n', resumed: acked > 0 || !!message.session, acked };
        } else if (message.type === 'chat') {
          const about = { room: message.room, id: message.id, n: message.n };
          if (message.n <= acked) answer = { type: 'ack', ...about, mid: `m.${message.n}`, dup: true };
          else if (message.n > acked + 1) answer = { type: 'error', code: 'resend', ...about, from: acked + 1 };
          else if (isRefused) answer = { type: 'error', code: random() < 0.5 ? 'unavailable' : 'rate_limited', ...about, retry_ms: 100 };
          else { said.push(message.value); acked++; answer = { type: 'ack', ...about, mid: `m.${message.n}`, seq: acked }; }
        }
        if (isAnswerLost) one.cut();
        else if (answer) one.hear(answer);
      }
      equal(said, Array.from({ length: count }, (_, at) => at + 1), `seed ${seed}`);
      equal(one.machine.view.outbox.length, 0, `seed ${seed}: the outbox`);
    }
  });

  return all;
}
