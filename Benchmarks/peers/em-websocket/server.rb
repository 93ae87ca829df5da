# A relay like Ruby chat servers: em-websocket on EventMachine, here with epoll.
require 'em-websocket'
require 'socket'

EM.epoll
EM.set_descriptor_table_size(Process.getrlimit(:NOFILE)[1])
EM.run do
  clients = {}
  EM::WebSocket.run(host: '127.0.0.1', port: Integer(ARGV[0])) do |socket|
    socket.onopen do
      socket.set_sock_opt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, true)
      clients[socket] = true
    end
    socket.onclose { clients.delete(socket) }
    socket.onerror { clients.delete(socket) }
    socket.onmessage { |message| clients.each_key { |client| client.send(message) } }
  end
end
