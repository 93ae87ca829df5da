// A client of chat.v1 (docs/protocol) for browsers, Deno, Node 22; see chatnode.d.ts.
// `createMachine` decides, `ChatClient` carries out.

// A client stays away after these close codes and 4003.
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009, 4001]);
// Milliseconds.
const BACKOFF = 500, BACKOFF_CAP = 20000;
const HANDSHAKE = 10000, ANSWER = 8000; // a node's own
const OWN_NAME = 35000; // until a lost login's name is free
const TICK = 2000, JUMP = 5000; // between looks at the clock; more: sleep
const SPACING = 60; // between messages found too fast
const SAVE = 250, TYPING = 3000; // until places are saved; between typing
// Messages without an answer, entries of the outbox, bytes of one, unread events.
const FLYING = 24, KEPT = 500, FRAME = 16384, BUFFER = 20000;

const LOBBY = 'lobby';

export function createMachine({ name, session, outbox = [], places = {}, random = Math.random }) {
	const rooms = new Map();
	let now, effects, state = 'waiting', ended, node, wall, saveAt = Infinity;
	let socket, dialing, dials = 0, dialAt = 0, dialUntil, moving, failures = 0, heardAt, askedAt, pingedAt;
	let pingMs = 25000, login = 'out', answered, loginAt = 0, lostAt, acked = 0, sendAt = 0, spacing = 0;

	const effect = (what, more) => effects.push({ do: what, ...more });
	const tell = (type, detail) => effect('tell', { type, detail });
	const close = (id, code = 1000) => { if (id) effect('close', { socket: id, code }); };
	const jitter = cap => random() * Math.min(cap, BACKOFF * 2 ** failures++);
	const saveWithin = time => { saveAt = Math.min(saveAt, now + time); };
	const entryOf = ({ id, n }) => outbox.find(entry => id ? entry.id === id : n && entry.n === n);
	const unsend = () => { for (const entry of outbox) entry.sent = false; };
	const send = message => effect('send', { socket, message });

	const events = {
		connect() { ended = null; dialAt = 0; },
		stop: () => stop({ code: 1000 }),
		probe,
		wake() {},
		opened({ socket: id, protocol }) {
			if (protocol !== 'chat.v1') return stop({ code: 1002, reason: 'no chat.v1' });
			close(socket);
			lost();
			[socket, dialing, moving, heardAt] = [id, 0, false, now];
		},
		closed({ socket: id, code, reason }) {
			if (id === dialing) dialing = 0;
			else if (id === socket) lost();
			else return; // it was replaced
			if (FINAL.has(code) || code === 4003) return stop({ code, reason });
			if (!dialing) dialAt = now + jitter(BACKOFF_CAP);
		},
		frame({ socket: id, message }) { if (id === socket && message?.type) received(message); },
		login(event) {
			if (event.name === name) return;
			if (login === 'asked') giveUp(socket);
			if (name) dropName();
			[name, loginAt] = [event.name, 0];
		},
		logout() {
			if (login === 'in') send({ type: 'logout' });
			if (login === 'asked') giveUp(socket);
			dropName();
		},
		join({ room: key, history, fresh }) {
			const room = rooms.get(key) ?? { key, state: 'out' };
			if (fresh && room.state === 'out') delete places[key];
			rooms.set(key, Object.assign(room, { history, wanted: true, retryAt: 0 }));
		},
		leave({ room }) { if (rooms.has(room)) rooms.get(room).wanted = false; },
		typing({ room: key }) {
			const room = rooms.get(key);
			if (room?.state !== 'in' || room.typedAt > now - TYPING) return;
			room.typedAt = now;
			send({ type: 'typing', room: key, id: 'quiet' });
		},
		history({ room: key, ...ask }) {
			const room = rooms.get(key);
			if (room && !room.ask) room.ask = ask;
			else tell('answer', { id: ask.id, code: 'not_in_room' });
		},
		send({ entry }) {
			const bytes = new TextEncoder().encode(JSON.stringify(frame({ ...entry, n: 2 ** 53 })));
			const code = !name ? 'not_logged_in' : outbox.length >= KEPT ? 'outbox_full' : bytes.length > FRAME && 'too_long';
			if (code) return tell('outbox', { ...entry, state: 'failed', code });
			outbox.push(entry);
			change(entry, 'pending');
		},
		discard(event) {
			const entry = entryOf(event);
			if (entry && !entry.n) change(entry, 'discarded');
		},
	};

	function work() {
		if (dialing && now >= dialUntil) giveUp(dialing);
		if (socket && now >= silentAt()) { if (pingedAt) giveUp(socket); else probe(); }
		if (!dialing && (!socket || moving) && now >= dialAt) {
			dialing = ++dials;
			dialUntil = now + HANDSHAKE;
			effect('dial', { socket: dialing });
		}
		if (!socket) return;
		if (name && login === 'out' && now >= loginAt) {
			[login, askedAt] = ['asked', now];
			send({ type: 'login', username: name, session });
		}
		if (name && !answered) return;
		for (const room of rooms.values()) workRoom(room);
		if (login === 'in') workOutbox();
	}

	const isDue = () => login === 'asked' || outbox.some(entry => entry.sent);
	const silentAt = () => pingedAt ? pingedAt + ANSWER : isDue() ? Math.max(heardAt, askedAt) + ANSWER : heardAt + pingMs;

	function wakeAt() {
		const due = [...rooms.values()].map(room => room.retryAt);
		if (!ended) due.push(dialing ? dialUntil : dialAt);
		if (socket) due.push(now + TICK, silentAt(), loginAt, sendAt);
		return Math.min(saveAt, ...due.filter(time => time > now));
	}

	function probe() {
		if (!socket) dialAt = 0;
		else if (!pingedAt) { pingedAt = now; send({ type: 'ping' }); }
	}

	function giveUp(id) {
		close(id, 4000);
		events.closed({ socket: id, code: 1006 });
	}

	function lost() {
		if (login === 'asked') lostAt = now;
		[socket, login, answered, loginAt, sendAt, pingedAt] = [0, 'out', false, 0, 0];
		for (const room of rooms.values()) Object.assign(room, { state: 'out', retryAt: 0 });
		unsend();
		if (!name) abandon();
	}

	function stop(why) {
		close(socket);
		close(dialing);
		lost();
		if (why.code === 4001) session = undefined;
		[ended, dialing] = [why, 0];
	}

	function received(m) {
		[heardAt, pingedAt] = [now];
		const { type, seq, mid } = m;
		if (Object.hasOwn(answers, type)) return answers[type](m);
		if (type === 'reconnect') [moving, dialAt] = [true, now + random() * (m.within_ms ?? 0) / 2];
		const isPlaced = seq >= 0 && mid;
		if (!isPlaced && type !== 'chat' && m.room === undefined) return tell(type, m);
		const key = m.room ??= LOBBY, room = rooms.get(key);
		if (type === 'joined' && room?.state === 'joining') {
			Object.assign(room, { state: 'in', asked: null });
			if (!name) failures = 0;
		}
		if (room?.state !== 'in' || !room.wanted) return; // before a `leave`
		if (isPlaced) {
			const { epoch, mid: last } = places[key] ?? m;
			if (m.recovered === false) m.hole = mid !== last;
			places[key] = { epoch: m.epoch ?? epoch, seq, mid };
			saveWithin(SAVE);
		}
		if (type === 'joined' || type === 'presence') present(room, m);
		tell(type, m);
	}

	function present(room, { v, count, members, joined, left = [] }) {
		if (!joined) room.members = members && new Set(members);
		else if (v !== room.v) {
			for (const one of left) room.members?.delete(one);
			for (const one of joined) room.members?.add(one);
		}
		Object.assign(room, { v, count });
	}

	const answers = {
		pong() {},
		logged_in(m) {
			[login, answered, failures, lostAt, sendAt] = ['in', true, 0, undefined, 0];
			({ username: name, node, session = session, acked = 0, ping_ms: pingMs = pingMs } = m);
			unsend();
			if (!m.resumed) abandon();
			for (const entry of outbox.filter(one => one.n <= acked)) change(entry, 'acked');
			number(acked + 1);
			saveWithin(0);
			tell('logged_in', m);
		},
		login_failure(m) {
			const isOwn = m.value === 'taken' && now - lostAt < OWN_NAME, wait = m.retry_ms ?? jitter(BACKOFF_CAP);
			[login, answered, loginAt] = ['out', true, now + wait];
			const isFinal = m.retry_ms === undefined && !isOwn;
			if (isFinal) dropName();
			tell('login_failure', { ...m, isFinal });
		},
		logged_out(m) {
			if (m.reason && login === 'in') [login, loginAt] = ['out', m.reason === 'lease_lost' ? 0 : Infinity];
			tell('logged_out', m);
		},
		ack(m) {
			const { n = 0, mid, seq, ts, dup } = m, entry = entryOf(m);
			acked = Math.max(acked, n);
			if (entry) change(entry, 'acked', { mid, seq, ts, dup });
		},
		history({ room: key, items, more }) {
			const room = rooms.get(key), id = room?.ask?.id;
			if (!id) return;
			room.ask = null;
			tell('answer', { id, items, more });
		},
		error(m) {
			const { id, code, value } = m, retryAt = now + m.retry_ms; // or NaN
			const entry = entryOf(m), room = rooms.get(m.room ?? LOBBY);
			if (entry) return refused(entry, m, retryAt);
			if (id === 'quiet') return;
			if (!id && !m.room && login === 'asked' && retryAt) return [login, loginAt] = ['out', retryAt];
			if (id && id === room?.ask?.id) {
				if (retryAt) return Object.assign(room, { asked: null, retryAt });
				room.ask = null;
				return tell('answer', { id, code, message: value });
			}
			if (!id && room?.state === 'joining') {
				Object.assign(room, { state: 'out', retryAt });
				if (retryAt) return;
				room.wanted = false;
			}
			tell('error', m);
		},
	};

	function workRoom(room) {
		const { key, state: stood, wanted, history, ask } = room;
		if (stood === 'joining' || wanted && now < room.retryAt) return;
		if (!wanted) {
			if (stood === 'in') send({ type: 'leave', room: key, id: 'quiet' });
			rooms.delete(key);
			delete places[key];
			saveWithin(SAVE);
		} else if (stood === 'out') {
			room.state = 'joining';
			send({ type: 'join', room: key, since: places[key], history });
		} else if (ask && ask !== room.asked) {
			room.asked = ask;
			send({ type: 'history', room: key, ...ask });
		}
	}

	function dropName() {
		[name, session, login, answered] = [undefined, undefined, 'out', true];
		saveWithin(0);
		abandon();
	}

	function abandon() {
		for (const entry of outbox) {
			if (entry.state !== 'pending' || entry.sent) continue;
			if (entry.n) change(entry, 'unknown');
			else if (!name) change(entry, 'failed', { code: 'not_logged_in' });
		}
	}

	// A sent entry keeps its number `n` until it is refused.
	function change(entry, is, { code, message, ...place } = {}) {
		if (is !== 'acked') entry.n = undefined;
		if (is === 'acked' || is === 'discarded') outbox.splice(outbox.indexOf(entry), 1);
		tell('outbox', { ...Object.assign(entry, place, { state: is, code, message }) });
		saveWithin(0);
	}

	const frame = ({ id, n, room, value, remove }) =>
		remove ? { type: 'remove', room, ...remove, id, n } : { type: 'chat', room, value, id, n };

	// Gives the numbers from `due` on anew, without a hole.
	function number(due) { for (const entry of outbox) if (entry.n >= due) entry.n = due++; }

	function workOutbox() {
		let flying = 0, n = Math.max(acked, ...outbox.map(entry => entry.n ?? 0));
		for (const entry of outbox) {
			if (entry.state !== 'pending' || ++flying > FLYING || entry.sent) continue;
			if (now < sendAt) return;
			entry.n ??= ++n;
			entry.sent = true;
			askedAt = now;
			send(frame(entry));
			saveWithin(0);
			if (spacing) sendAt = now + spacing;
		}
		if (!flying) spacing = 0;
	}

	function refused(entry, { code, from, value }, retryAt) {
		const { n } = entry;
		entry.sent = false;
		if (code === 'rate_limited') spacing = SPACING;
		if (code === 'resend') {
			if (!outbox.some(one => one.n <= from)) number(from);
			retryAt = now + SPACING;
		}
		if (retryAt) sendAt = Math.max(sendAt, retryAt);
		else if (code === 'not_logged_in') { // the next login says what became of it
			if (login === 'in') login = 'out';
		} else {
			change(entry, 'failed', { code, message: value });
			number(n);
		}
	}

	unsend();
	return {
		handle(event, time) {
			[now, effects] = [time, []];
			if (event.wall - wall > JUMP) probe();
			wall = event.wall ?? wall;
			events[event.type](event);
			if (!ended) work();
			const is = ended ? 'stopped' : socket ? 'open' : dialing ? 'connecting' : 'waiting';
			if (is !== state) tell('state', { state: state = is, wait_ms: Math.max(0, dialAt - now), ...ended });
			if (now >= saveAt) {
				saveAt = Infinity;
				effects.unshift({ do: 'save', value: { name, session, outbox, places } });
			}
			return { effects, wakeAt: wakeAt() };
		},
		get view() { return { state, name, node, isLoggedIn: login === 'in', outbox, rooms }; },
	};
}

export class ChatClient extends EventTarget {
	#machine; #options; #timer; #queue; #sockets = new Map(); #asked = new Map(); #end = new AbortController();

	constructor(url, options) {
		super();
		const { storage, key, signal, name } = this.#options = { url, key: 'chatnode', parse: JSON.parse, ...options };
		let kept = {};
		try { kept = JSON.parse(storage.getItem(key)) ?? kept; } catch {}
		if (name && name !== kept.name) kept = {};
		this.#machine = createMachine({ ...kept, ...options, name: name ?? kept.name });
		const probe = () => this.probe(), on = { signal: this.#end.signal };
		globalThis.addEventListener?.('online', probe, on);
		globalThis.document?.addEventListener('visibilitychange', probe, on);
		signal?.addEventListener('abort', () => this.close(), on);
		this.connect();
	}

	get view() { return this.#machine.view; }
	connect() { this.#take('connect'); }
	close() { this.#end.abort(); this.#take('stop'); }
	probe() { this.#take('probe'); }
	login(name) { this.#take('login', { name }); }
	logout() { this.#take('logout'); }
	join(room = LOBBY, options) { this.#take('join', { ...options, room }); }
	leave(room = LOBBY) { this.#take('leave', { room }); }
	typing(room = LOBBY) { this.#take('typing', { room }); }
	history(room = LOBBY, options) { return this.#ask('history', { ...options, room }); }
	send(value, { room = LOBBY } = {}) { return this.#ask('send', { room, value }); }
	remove({ room = LOBBY, ...remove }) { return this.#ask('send', { room, remove }); }
	discard(id) { this.#take('discard', { id }); }

	async *events(room = LOBBY, { signal } = {}) {
		const heard = [], end = AbortSignal.any([this.#end.signal].concat(signal ?? []));
		let wake;
		const hear = ({ detail }) => { if (detail?.room === room) heard.push(detail); wake?.(); };
		this.addEventListener('room', hear);
		end.addEventListener('abort', hear);
		try {
			while (!end.aborted) {
				if (heard.length > BUFFER) throw new Error('too_slow');
				if (heard.length) yield heard.shift();
				else await new Promise(resolve => { wake = resolve; });
			}
		} finally { this.removeEventListener('room', hear); }
	}

	#ask(type, request) {
		const id = Math.random().toString(36).slice(2), one = { ...request, id };
		const answer = new Promise((...ends) => this.#asked.set(id, ends));
		answer.catch(() => {});
		this.#take(type, { ...one, entry: one });
		return answer;
	}

	#take(type, event) {
		const item = { ...event, type, wall: Date.now() };
		if (this.#queue) return void this.#queue.push(item);
		let due;
		try {
			for (const one of this.#queue = [item]) {
				const { effects, wakeAt } = this.#machine.handle(one, performance.now());
				for (const effect of effects) this.#carryOut(effect);
				due = wakeAt - performance.now();
			}
		} finally { this.#queue = undefined; }
		clearTimeout(this.#timer);
		if (due < Infinity) this.#timer = setTimeout(() => this.#take('wake'), Math.max(0, due));
	}

	#carryOut({ do: what, socket: id, message, code, value, type, detail }) {
		const { storage, key } = this.#options, socket = this.#sockets.get(id);
		if (what === 'dial') this.#dial(id);
		if (what === 'send') socket?.send(JSON.stringify(message));
		if (what === 'close') socket?.close(code);
		if (what === 'save') try { storage?.setItem(key, JSON.stringify(value)); } catch {}
		if (what === 'tell') this.#tell(type, detail);
	}

	#dial(id) {
		const { url, parse, WebSocket = globalThis.WebSocket } = this.#options, socket = new WebSocket(url, 'chat.v1');
		this.#sockets.set(id, socket);
		socket.onopen = () => this.#take('opened', { socket: id, protocol: socket.protocol });
		socket.onmessage = ({ data }) => this.#take('frame', { socket: id, message: parse(data) });
		socket.onclose = ({ code, reason }) => {
			this.#sockets.delete(id);
			this.#take('closed', { socket: id, code, reason });
		};
	}

	#tell(type, detail) {
		const { id, state, code = state, message = code } = detail, [resolve, reject] = this.#asked.get(id) ?? [];
		if (reject && state !== 'pending') {
			this.#asked.delete(id);
			if (detail.items || state === 'acked') resolve(detail);
			else reject(Object.assign(new Error(message), { code }));
		}
		this.dispatchEvent(new CustomEvent(type, { detail }));
		if (detail.room && type !== 'outbox') this.dispatchEvent(new CustomEvent('room', { detail }));
	}
}
