// For chat.v1; see chatnode.d.ts. `createMachine` decides, `ChatClient` carries out.

// Final close codes, with 4003.
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009, 4001]);
// Milliseconds.
const BACKOFF = 500, LONGEST = 20000;
const HANDSHAKE = 10000, ANSWER = 8000; // a node's own
const OWN_NAME = 60000; // until its name is free
const TICK = 2000, JUMP = 5000; // between looks; a sleep
const SPACING = 50; // a node takes 20 a second
const SAVE = 250, TYPING = 3000; // until places are saved; between typing
// Unanswered messages, outbox entries, bytes of one, unread events.
const FLYING = 24, KEPT = 500, FRAME = 16384, BUFFER = 20000;

const LOBBY = 'lobby';
const fold = name => name?.normalize('NFKC').toLowerCase();

export function createMachine({ name, session, outbox = [], places = {}, random = Math.random }) {
	const rooms = new Map(), joins = new Map(); // unanswered
	let now, effects, state = 'waiting', ended, node, wall, saveAt = Infinity;
	let socket, dialing, dials = 0, dialAt = 0, moving, failures = 0, heardAt, pingedAt;
	let pingMs = 25000, login = 'out', loginAt = 0, lostAt, next = 1, due = 0, sendAt = 0;

	const effect = (what, more) => effects.push({ do: what, ...more });
	const tell = (type, detail) => effect('tell', { type, detail });
	const close = (id, code = 1000) => { if (id) effect('close', { socket: id, code }); };
	const jitter = () => random() * Math.min(LONGEST, BACKOFF * 2 ** failures++);
	const save = (time = 0) => { saveAt = Math.min(saveAt, now + time); };
	const flying = m => outbox.find(entry => entry.sent && entry.n === m.n);
	const unsend = () => { for (const entry of outbox) entry.sent = false; };
	const send = message => effect('send', { socket, message });

	const events = {
		connect() { ended = null; probe(); },
		stop: () => stop({ code: 1000 }),
		probe,
		wake() {},
		opened({ socket: id, protocol }) {
			if (protocol !== 'chat.v1') return stop({ code: 1002, reason: 'no chat.v1' });
			close(socket);
			lost();
			[socket, dialing, moving, heardAt] = [id, 0, false, now];
		},
		closed({ socket: id, code, reason = '' }) {
			if (id === dialing) dialing = 0;
			else if (id === socket) lost();
			else return;
			if (FINAL.has(code) || code === 4003) return stop({ code, reason });
			if (code === 4008) failures = 9;
			if (!dialing) dialAt = now + jitter();
		},
		frame({ socket: id, message }) { if (id === socket && message?.type) received(message); },
		login(event) {
			if (fold(event.name) === fold(name)) return;
			dropName();
			[name, loginAt] = [event.name, 0];
		},
		logout: dropName,
		join({ room: key, history, fresh }) {
			const room = rooms.get(key) ?? { key, state: 'out' };
			if (fresh && room.state === 'out') delete places[key];
			rooms.set(key, Object.assign(room, { history }));
		},
		leave({ room: key }) {
			const room = rooms.get(key);
			if (!room) return;
			leave(room);
			forget(room);
		},
		typing({ room: key }) {
			const room = rooms.get(key);
			if (room?.state !== 'in' || room.typedAt > now - TYPING) return;
			room.typedAt = now;
			send({ type: 'typing', room: key, id: 'quiet' });
		},
		history({ room: key, ...ask }) {
			const room = rooms.get(key);
			if (room && !room.ask) room.ask = ask;
			else answer({ ask }, { code: 'not_in_room' });
		},
		send({ entry }) {
			const settled = outbox[KEPT - 1] && outbox.find(one => one.state !== 'pending');
			if (settled) change(settled, 'discarded');
			const { length } = new TextEncoder().encode(JSON.stringify(frame({ ...entry, n: 2 ** 53 })));
			const code = !name ? 'not_logged_in' : outbox[KEPT - 1] ? 'outbox_full' : (length > FRAME || /\n {31}/.test(JSON.stringify(entry.value, null, 1))) && 'too_long';
			if (code) return tell('outbox', { ...entry, state: 'failed', code });
			outbox.push(entry);
			change(entry, 'pending');
		},
		discard({ id }) {
			const entry = outbox.find(one => one.id === id);
			if (entry && !entry.n) change(entry, 'discarded');
		},
	};

	function work() {
		if (dialing && now >= dialAt) giveUp(dialing);
		if (socket && now >= silentAt()) { if (pingedAt) giveUp(socket); else probe(); }
		if (!dialing && (!socket || moving) && now >= dialAt) {
			dialing = ++dials;
			dialAt = now + HANDSHAKE;
			effect('dial', { socket: dialing });
		}
		if (!socket) return;
		if (name && login === 'out' && now >= loginAt) {
			login = 'asked';
			send({ type: 'login', username: name, session });
		}
		for (const room of rooms.values()) workRoom(room);
		if (login === 'in') workOutbox();
	}

	const isDue = () => login === 'asked' || outbox.some(entry => entry.sent);
	const silentAt = () => pingedAt ? pingedAt + ANSWER : heardAt + (isDue() ? ANSWER : pingMs);

	function probe() {
		if (socket && !pingedAt) { pingedAt = now; send({ type: 'ping' }); }
		if (!socket && !dialing) dialAt = 0;
	}

	function giveUp(id) {
		close(id, 4000);
		events.closed({ socket: id, code: 1006 });
	}

	function lost() {
		if (login === 'asked') lostAt = now;
		[socket, login, pingedAt] = [0, 'out', 0];
		if (loginAt === Infinity) loginAt = 0;
		for (const room of rooms.values()) Object.assign(room, { retryAt: room.state !== 'in' && room.retryAt, state: 'out', asked: null });
		joins.clear();
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
		[heardAt, pingedAt] = [now, 0];
		const { type, seq, mid } = m;
		if (Object.hasOwn(answers, type)) return answers[type](m);
		if (type === 'reconnect') [moving, dialAt] = [true, now + random() * (m.within_ms ?? 0) / 2];
		const isPlaced = seq >= 0 && mid;
		if (!(isPlaced || type === 'chat' || m.room)) return tell(type, m);
		const key = m.room ??= LOBBY, room = rooms.get(key);
		if (type === 'joined') {
			const asked = answered(key);
			if (asked) asked.state = 'in';
			if (asked && asked !== room) leave(asked);
			if (!name) failures = 0;
		}
		if (room?.state !== 'in') return;
		if (type === 'gap') room.next = m.to + 1;
		if (isPlaced) {
			const { epoch, mid: last } = places[key] ?? m;
			if (m.recovered === false) m.hole = mid !== last;
			if (!m.epoch && seq !== room.next) return leave(room);
			room.next = seq + 1;
			places[key] = { epoch: m.epoch ?? epoch, seq, mid };
			save(SAVE);
		}
		if (type === 'joined' || type === 'presence') {
			const { count, members, joined, left = [] } = m;
			room.count = count;
			if (!joined) room.members = members && new Set(members);
			for (const one of left) room.members?.delete(one);
			for (const one of joined ?? []) room.members?.add(one);
		}
		tell(type, m);
	}

	const answers = {
		pong() {},
		logged_in(m) {
			[login, failures, lostAt] = ['in', 0, NaN];
			({ username: name, node, session = session, acked: next = 0, ping_ms: pingMs = pingMs } = m);
			unsend();
			if (!m.resumed) abandon();
			for (const entry of outbox.filter(one => one.n <= next)) change(entry, 'acked');
			number(next + 1);
			save();
			tell('logged_in', m);
		},
		login_failure(m) {
			[login, loginAt] = ['out', now + (m.retry_ms ?? jitter())];
			m.isFinal = m.retry_ms === undefined && !(m.value === 'taken' && now - lostAt < OWN_NAME);
			if (m.isFinal) dropName();
			tell('login_failure', m);
		},
		logged_out(m) {
			if (m.reason && login === 'in') [login, loginAt] = ['out', m.reason === 'lease_lost' ? 0 : Infinity];
			tell('logged_out', m);
		},
		ack({ type, ...place }) {
			const entry = flying(place);
			if (entry) change(entry, 'acked', place);
		},
		history({ room: key, items, more }) {
			if (rooms.has(key)) answer(rooms.get(key), { items, more });
		},
		error(m) {
			const { id, code, value, room: key = LOBBY } = m, retryAt = now + m.retry_ms;
			const entry = flying(m), room = rooms.get(key);
			if (entry) return refused(entry, m);
			if (id === 'quiet') return;
			if (!m.room && login === 'asked' && retryAt) return [login, loginAt] = ['out', retryAt];
			if (id && id === room?.ask?.id) {
				if (retryAt) return Object.assign(room, { asked: null, retryAt });
				return answer(room, { code, message: value });
			}
			if (!id && room && answered(key) === room) {
				Object.assign(room, { state: 'out', retryAt });
				if (retryAt) return;
				forget(room);
			}
			tell('error', m);
		},
	};

	function answered(key) {
		const room = joins.get(key);
		joins.delete(key);
		return room;
	}

	function leave(room) {
		if (room.state === 'in') send({ type: 'leave', room: room.key, id: 'quiet' });
		room.state = 'out';
	}

	function answer(room, what) {
		if (room.ask) tell('answer', { id: room.ask.id, ...what });
		room.ask = null;
	}

	function forget(room) {
		answer(room, { code: 'not_in_room' });
		rooms.delete(room.key);
		delete places[room.key];
		save(SAVE);
	}

	function workRoom(room) {
		const { key, history, ask } = room;
		if (now < room.retryAt) return;
		if (room.state === 'out') {
			if (joins.has(key)) return;
			room.state = 'joining';
			joins.set(key, room);
			send({ type: 'join', room: key, since: places[key], history });
		} else if (room.state === 'in' && ask && ask !== room.asked) {
			room.asked = ask;
			send({ type: 'history', room: key, ...ask });
		}
	}

	function dropName() {
		if (login === 'in') send({ type: 'logout' });
		if (login === 'asked') giveUp(socket);
		[name, session, login] = [undefined, undefined, 'out'];
		save();
		abandon();
	}

	function abandon() {
		for (const entry of outbox) {
			if (entry.n && !entry.sent) change(entry, 'unknown');
			if (!name && !entry.n && entry.state === 'pending') change(entry, 'failed', { code: 'not_logged_in' });
		}
	}

	function change(entry, is, { code, message, ...place } = /** @type {any} */ ({})) {
		if (is !== 'acked') entry.n = undefined;
		if (is === 'acked' || is === 'discarded') outbox.splice(outbox.indexOf(entry), 1);
		tell('outbox', { ...Object.assign(entry, place, { state: is, code, message }) });
		save();
	}

	const frame = ({ id, n, room, value, remove }) => ({ type: remove ? 'remove' : 'chat', room, value, ...remove, id, n });

	function number(first) {
		for (const entry of outbox) if (entry.n) entry.n = first++;
		[next, due] = [first, 0];
	}

	function workOutbox() {
		if (now < sendAt || due && isDue()) return;
		if (due) number(due);
		const entry = outbox.filter(one => one.state === 'pending').slice(0, FLYING).find(one => !one.sent);
		if (!entry) return;
		entry.n ??= next++;
		send(frame(entry));
		entry.sent = true;
		sendAt = now + SPACING;
		save();
	}

	// Nothing is sent again before all on its way is answered, or before the next login.
	function refused(entry, { n, code, from = n, value, retry_ms: wait = 0 }) {
		entry.sent = false;
		due = Math.min(due || n, n, from);
		sendAt = Math.max(sendAt, now + wait);
		if (code === 'not_logged_in' && login === 'in') login = 'out';
		if (!['unavailable', 'rate_limited', 'resend', 'not_logged_in'].includes(code)) change(entry, 'failed', { code, message: value });
		if (!name) abandon();
	}

	unsend();
	places = { __proto__: null, ...places };
	return {
		handle(event, time) {
			[now, effects] = [time, []];
			if (event.wall - wall > JUMP) probe();
			wall = event.wall;
			events[event.type](event);
			if (!ended) work();
			const is = ended ? 'stopped' : socket ? 'open' : dialing ? 'connecting' : 'waiting';
			if (is !== state) tell('state', { state: state = is, wait_ms: Math.max(0, dialAt - now), ...ended });
			if (now >= saveAt) {
				saveAt = Infinity;
				effects.unshift({ do: 'save', value: { name, session, outbox, places } });
			}
			const times = ended ? [] : [dialAt, now + TICK, ...[...rooms.values()].map(room => room.retryAt)];
			if (socket) times.push(silentAt(), loginAt, sendAt);
			return { effects, wakeAt: Math.min(saveAt, ...times.filter(due => due > now)) };
		},
		get view() { return { state, name, node, isLoggedIn: login === 'in', outbox, rooms }; },
	};
}

export class ChatClient extends EventTarget {
	#machine; #options; #timer; #queue; #sockets = new Map(); #asked = new Map(); #end = new AbortController();

	constructor(url, options) {
		super();
		const { storage, key, signal, name } = this.#options = { url, key: 'chatnode', parse: JSON.parse, ...options };
		let kept;
		try { kept = JSON.parse(storage.getItem(key)); } catch {}
		if (name && fold(name) !== fold(kept?.name)) kept = { name };
		this.#machine = createMachine({ ...options, ...kept });
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

	async *events(room = LOBBY, { signal = this.#end.signal } = {}) {
		const heard = [], end = AbortSignal['any']([this.#end.signal, signal]);
		let wake;
		const hear = e => { if (e.detail?.room === room && heard.length <= BUFFER) heard.push(heard.length < BUFFER && e.detail); wake?.(); };
		this.addEventListener('room', hear);
		end.addEventListener('abort', hear);
		try {
			while (!end.aborted) {
				if (heard[0] === false) throw new Error('too_slow');
				if (heard[0]) yield heard.shift();
				else await new Promise(resolve => { wake = resolve; });
			}
		} finally { this.removeEventListener('room', hear); }
	}

	#ask(type, request) {
		const id = Math.random().toString(36).slice(2), one = JSON.parse(JSON.stringify({ ...request, id }));
		const answer = new Promise((...ends) => this.#asked.set(id, ends));
		answer.catch(() => {});
		this.#take(type, { ...one, entry: one });
		return answer;
	}

	#take(type, event) {
		const item = { ...event, type, wall: Date.now() };
		if (this.#queue) return void this.#queue.push(item);
		const { storage, key } = this.#options;
		let due;
		try {
			for (const one of this.#queue = [item]) {
				const { effects, wakeAt } = this.#machine.handle(one, performance.now());
				for (const { do: what, socket: id, message, code, value, type, detail } of effects) {
					const socket = this.#sockets.get(id);
					if (what === 'dial') this.#dial(id);
					if (what === 'send') socket?.send(JSON.stringify(message));
					if (what === 'close') socket?.close(code);
					if (what === 'save') try { storage?.setItem(key, JSON.stringify(value)); } catch {}
					if (what === 'tell') this.#tell(type, detail);
				}
				due = wakeAt - performance.now();
			}
		} finally { this.#queue = undefined; }
		if (this.#end.signal.aborted) for (const id of this.#asked.keys()) this.#tell('answer', { id, code: 'closed' });
		clearTimeout(this.#timer);
		if (due < Infinity) this.#timer = setTimeout(() => this.#take('wake'), Math.max(0, due));
	}

	#dial(id) {
		const { url, parse, WebSocket: Socket = WebSocket } = this.#options, socket = new Socket(url, 'chat.v1');
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
