# frozen_string_literal: true

require 'json'
require 'socket'
require 'uri'
require 'websocket/driver' # Debian: ruby-websocket-driver; elsewhere: gem install websocket-driver

# One WebSocket that speaks chat.v1. No method waits, except for the connect.
class Connection
  LOST = 1006         # an end without a close frame
  NO_DIALECT = :chat_v1_was_not_picked
  CONNECT_SECONDS = 10
  CHUNK = 16 * 1024   # bytes read at a time: bounds what arrives after the client has decided to stop reading

  # The library knows the close codes up to 1011 and makes 1002 of 1012 and 1013, after which a client stays away.
  WebSocket::Driver::Hybi::ERROR_CODES.concat([1012, 1013])

  attr_reader :url, :io, :end_code

  # Gives `nil` if nothing answers at the address.
  def self.open(url)
    new(url)
  rescue SystemCallError, SocketError
    nil
  end

  def initialize(url)
    @url = url
    address = URI(url)
    raise ArgumentError, "#{url} does not begin with ws://" unless address.scheme == 'ws'

    @unwritten = ''.b
    @messages = []
    @driver = WebSocket::Driver.client(self, protocols: ['chat.v1'])
    @driver.on(:open) { opened }
    @driver.on(:message) { |event| @messages << JSON.parse(event.data) }
    @driver.on(:close) { |event| @end_code ||= @open ? event.code : refusal }
    @io = Socket.tcp(address.hostname, address.port, connect_timeout: CONNECT_SECONDS)
    @driver.start
    flush
  end

  def open? = @open && @end_code.nil?

  def writes? = !@unwritten.empty?

  def transmit(message)
    @driver.text(JSON.generate(message))
    flush
  end

  # What has come. `nil` if nothing has, so that the caller knows whether the node lives.
  def read
    chunk = @io.read_nonblock(CHUNK, exception: false)
    return if chunk == :wait_readable

    chunk ? @driver.parse(chunk) : @end_code ||= LOST
    @messages.shift(@messages.size)
  rescue SystemCallError
    @end_code ||= LOST
    []
  end

  def flush
    written = @io.write_nonblock(@unwritten, exception: false)
    @unwritten = @unwritten.byteslice(written..) if written.is_a?(Integer)
  rescue SystemCallError
    @end_code ||= LOST
  end

  def close
    @driver.close if open?
    flush if writes?
    @io.close
  end

  # The library calls this one with the bytes of its frames.
  def write(bytes) = @unwritten << bytes

  private

  def opened
    @open = true
    @end_code = NO_DIALECT unless @driver.protocol == 'chat.v1' # C1
  end

  # A status other than 101 says that the node is full or going away; a 101 that does not fit is another server's.
  def refusal = @driver.status == 101 ? NO_DIALECT : LOST
end
