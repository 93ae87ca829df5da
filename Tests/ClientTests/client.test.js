// What ChatClient does around its machine: sockets, promises, storage, iterators, signals. The sockets are
// the test's own, and answer as a node would.

export function tests({ ChatClient }) {
  const all = [];
  const test = (title, run) => all.push({ title, run });

  function assert(is, what) { if (!is) throw new Error(what); }

  function equal(is, expected, what = '') {
    const [a, b] = [JSON.stringify(is), JSON.stringify(expected)];
    assert(a === b, `${what} is ${a}, not ${b}`);
  }

  /** A node: hands out sockets, and accepts every message once. */
  class Node {
    constructor() {
      const node = this;
      this.sockets = [];
      this.acked = 0;
      this.isMute = false;
      this.WebSocket = class {
        constructor(url, protocol) {
          Object.assign(this, { url, protocol, heard: [] });
          node.sockets.push(this);
          queueMicrotask(() => this.onopen());
        }
        send(text) { this.heard.push(JSON.parse(text)); queueMicrotask(() => node.answer(this, JSON.parse(text))); }
        close(code) { this.closed = code; queueMicrotask(() => this.onclose({ code, reason: '' })); }
        say(message) { this.onmessage({ data: JSON.stringify(message) }); }
      };
    }

    get socket() { return this.sockets.at(-1); }

    answer(socket, { type, room = 'lobby', id, n, value, username }) {
      if (this.isMute || socket.closed) return;
      if (type === 'login') socket.say({ type: 'logged_in', username, session: 'secret', node: 'n1', resumed: true, acked: this.acked, ping_ms: 25000 });
      if (type === 'join') socket.say({ type: 'joined', room, epoch: '1', seq: 0, mid: 'a.0', count: 1, members: ['Ada'] });
      if (type === 'history') socket.say({ type: 'history', room, items: [], more: false });
      if (type !== 'chat') return;
      if (value === 'bad') return socket.say({ type: 'error', code: 'too_long', value: 'Too long', room, id, n });
      this.acked = n;
      socket.say({ type: 'ack', id, n, room, mid: `m.${n}`, seq: n, ts: 1 });
      socket.say({ type: 'chat', username: 'Ada', value, room, seq: n, ts: 1, mid: `m.${n}` });
    }

    client(options) { return new ChatClient('ws://node/ws', { name: 'Ada', WebSocket: this.WebSocket, ...options }); }
  }

  const store = () => {
    const kept = new Map();
    return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), kept };
  };
  const refusal = (promise) => promise.then(() => { throw new Error('it was not refused'); }, (error) => error);

  test('send ends when the message is acknowledged', async () => {
    const node = new Node(), chat = node.client();
    equal(node.socket.url + node.socket.protocol, 'ws://node/wschat.v1');
    const { mid, seq, state } = await chat.send({ any: ['json', 1] }, { room: 'tea' });
    equal([mid, seq, state], ['m.1', 1, 'acked']);
    equal(chat.view.outbox, []);
    chat.close();
  });

  test('a message that is refused rejects with the code and the sentence', async () => {
    const node = new Node(), chat = node.client();
    const { code, message } = await refusal(chat.send('bad'));
    equal([code, message], ['too_long', 'Too long']);
    equal(chat.view.outbox.map((entry) => entry.state), ['failed']);
    chat.close();
  });

  test('an application that does not await may ignore a refusal', async () => {
    const node = new Node(), chat = node.client();
    chat.send('bad');
    await chat.send('good');
    chat.close();
  });

  test('events tell what happens, and may send', async () => {
    const node = new Node(), chat = node.client(), heard = [];
    chat.join('tea');
    chat.addEventListener('chat', ({ detail }) => heard.push(detail.value));
    chat.addEventListener('joined', () => chat.send('one', { room: 'tea' }));
    await new Promise((resolve) => chat.addEventListener('chat', resolve));
    equal(heard, ['one']);
    chat.close();
  });

  test('the iterator has the events of its room, from its first step to close', async () => {
    const node = new Node(), chat = node.client(), seen = [];
    chat.join('tea');
    chat.join('other');
    const reading = (async () => { for await (const event of chat.events('tea')) seen.push(event.type); })();
    await chat.send('a', { room: 'tea' });
    await chat.send('b', { room: 'other' });
    await chat.history('tea');
    chat.close();
    await reading;
    equal(seen, ['joined', 'chat']);
  });

  test('a network that is back, and a page that is shown again, are asked about at once', async () => {
    for (const [target, type] of [[globalThis, 'online'], [globalThis.document, 'visibilitychange']]) {
      if (!target?.dispatchEvent) continue; // Node has neither of the two, Deno no document
      const node = new Node(), chat = node.client(), { socket } = node;
      await chat.send('first');
      socket.heard = [];
      target.dispatchEvent(new Event(type));
      equal(socket.heard, [{ type: 'ping' }], type);
      chat.close();
      target.dispatchEvent(new Event(type));
      equal(node.sockets.length, 1, `${type}: the sockets of a client that is closed`);
    }
  });

  test('an iterator ends with its signal, and leaves nothing behind', async () => {
    const node = new Node(), chat = node.client(), end = new AbortController();
    const reading = (async () => { for await (const one of chat.events('tea', { signal: end.signal })) one; return 'ended'; })();
    end.abort();
    equal(await reading, 'ended');
    chat.close();
  });

  test('an application that is slow gets all; one that never reads is told so', async () => {
    const node = new Node(), chat = node.client();
    chat.join('tea');
    await chat.send('first');
    const events = chat.events('tea');
    let next = events.next();
    await null;
    for (let seq = 1; seq <= 10000; seq++) node.socket.say({ type: 'chat', room: 'tea', username: 'Bob', value: seq, seq, ts: 1, mid: `b.${seq}` });
    for (let seq = 1; seq <= 10000; seq++) { equal((await next).value.seq, seq); next = events.next(); }
    for (let seq = 10001; seq <= 30003; seq++) node.socket.say({ type: 'chat', room: 'tea', username: 'Bob', value: seq, seq, ts: 1, mid: `b.${seq}` });
    let seq = 10000, error;
    const more = ({ value }) => { equal(value.seq, ++seq); next = events.next(); };
    while (!error) await next.then(more, (why) => { error = why; });
    equal([error.message, seq], ['too_slow', 30000]);
    chat.close();
  });

  test('what is not sent survives in the storage, and the secret with it', async () => {
    const node = new Node(), storage = store(), chat = node.client({ storage });
    await chat.send('first');
    node.isMute = true;
    chat.send('second');
    await null;
    chat.close();
    const other = new Node();
    other.acked = 1;
    const again = other.client({ storage, name: undefined });
    await new Promise((resolve) => again.addEventListener('outbox', ({ detail }) => detail.state === 'acked' && resolve()));
    equal(other.socket.heard.map((message) => [message.type, message.session, message.n]), [['login', 'secret', undefined], ['chat', undefined, 2]]);
    again.close();
  });

  test('no timer is set for the past, however long its application takes', async () => {
    const { setTimeout } = globalThis, { now } = performance, delays = [];
    let taken = 0;
    globalThis.setTimeout = (call, ms) => { delays.push(ms); return setTimeout(call, ms); };
    performance.now = () => now.call(performance) + taken;
    try {
      const chat = new Node().client();
      chat.addEventListener('logged_in', () => { taken += 60000; });
      await chat.send('hello');
      chat.close();
    } finally {
      globalThis.setTimeout = setTimeout;
      performance.now = now;
    }
    assert(delays.length && delays.every((ms) => ms >= 0 && ms < 2 ** 31), `it sets timers of ${delays}`);
  });

  test('a storage that throws is as good as none', async () => {
    const storage = { getItem() { throw new Error('no'); }, setItem() { throw new Error('full'); } };
    const chat = new Node().client({ storage });
    await chat.send('hello');
    chat.close();
  });

  test('a signal closes the client', async () => {
    const node = new Node(), end = new AbortController(), chat = node.client({ signal: end.signal });
    await chat.send('hello');
    end.abort();
    equal([node.socket.closed, chat.view.state], [1000, 'stopped']);
  });

  test('what is not answered when it is closed, and what is asked after that, rejects', async () => {
    const node = new Node(), chat = node.client();
    chat.join('tea');
    await chat.send('hello');
    node.isMute = true;
    const sent = chat.send('unheard'), older = chat.history('tea');
    chat.close();
    for (const promise of [sent, older, chat.send('late')]) equal((await refusal(promise)).code, 'closed');
  });

  test('a value that the application changes later is said as it was', async () => {
    const node = new Node(), chat = node.client(), value = { text: 'first', list: [1] };
    const sent = chat.send(value);
    value.text = 'second';
    value.list.push(2);
    await sent;
    equal(node.socket.heard.find((message) => message.type === 'chat').value, { text: 'first', list: [1] });
    chat.close();
  });

  test('a name in another normal form finds its outbox and its secret', async () => {
    const storage = store(), kept = { name: 'Zo\u00eb', session: 'secret', outbox: [{ id: 'a', room: 'tea', value: 'kept', state: 'pending' }] };
    storage.setItem('chatnode', JSON.stringify(kept));
    const node = new Node(), chat = node.client({ storage, name: 'Zoe\u0308' });
    await new Promise((resolve) => chat.addEventListener('outbox', ({ detail }) => detail.state === 'acked' && resolve()));
    equal(node.socket.heard.map((message) => message.session ?? message.value), ['secret', 'kept']);
    chat.close();
    const other = new Node().client({ storage, name: 'Zoe' });
    equal(other.view.outbox, []);
    other.close();
  });

  test('a second request for a room\'s history waits for nothing', async () => {
    const node = new Node(), chat = node.client();
    chat.join('tea');
    const first = chat.history('tea', { before: 9 });
    equal((await refusal(chat.history('tea'))).code, 'not_in_room');
    equal(await first.then(({ items, more }) => [items, more]), [[], false]);
    chat.close();
  });

  test('frames of a socket that was given up are not heard', async () => {
    const node = new Node(), chat = node.client(), heard = [];
    chat.join('lobby');
    await chat.send('hello');
    const old = node.socket;
    chat.addEventListener('chat', ({ detail }) => heard.push(detail));
    old.onclose({ code: 1006, reason: '' });
    old.say({ type: 'chat', username: 'Bob', value: 'late', seq: 2, mid: 'b.2' });
    equal(heard, []);
    chat.close();
  });

  return all;
}
