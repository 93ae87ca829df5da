// Node's ws: every message of a client is sent to all clients. Node and ws set TCP_NODELAY
// themselves.
'use strict';
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({
    host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096, perMessageDeflate: false,
});
server.on('connection', (socket) => {
    socket.on('message', (data) => {
        for (const client of server.clients) client.send(data, { binary: false });
    });
    socket.on('error', () => {});
});
