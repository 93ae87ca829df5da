# frozen_string_literal: true

require_relative 'connection'
require_relative 'outbox'
require_relative 'room'

# A client of chat.v1 that comes back by itself. It follows the rules of docs/protocol/clients.md: their numbers stand
# where they are followed, here and in the files above. A thread reads and writes. All methods return at once but
# `each`, which gives the application what it sees:
#
#   :joined, :chat, :removed, :gap, :reset, :history, :presence, :typing, :status, :error   with the node's message
#   :hole      with the `joined` that follows: what lies before its position is not known (C19)
#   :settled   with an Outbox::Message: its state is :acknowledged, :failed or :unknown
#   :stopped   with the reason, as the last one
class ChatV1
  include Enumerable

  REMOVED = 4003 # which no node sends yet
  STAY_AWAY = [1000, 1002, 1003, 1007, 1008, 1009, 4001, REMOVED, Connection::NO_DIALECT].freeze # C28
  FLOODING = 4008
  BOUNDS = (0.5..20.0).freeze # seconds; C29
  ANSWER = 8                  # seconds; C31
  HANDSHAKE = 10              # seconds; as long as a node waits for it
  TICK, LATE = 1, 5           # seconds; C32
  OWN_NAME = 60               # seconds; C9
  EVENTS = 1000               # that wait for the application; C27

  # Goes on while the machine sleeps.
  CLOCK = -> { Process.clock_gettime(defined?(Process::CLOCK_BOOTTIME) ? Process::CLOCK_BOOTTIME : Process::CLOCK_MONOTONIC) }

  attr_reader :session # C4: to be kept as a password is, and to be given to the client that goes on after this one

  def initialize(url, name:, session: nil, clock: CLOCK)
    @url, @name, @session, @clock = url, name, session, clock
    @lock, @events, @rooms, @login = Mutex.new, Queue.new, {}, :none
    @awake, @waker = IO.pipe
    @now = @next_at = @connect_at = @login_at = @own_name_until = clock.call
    @bound, @ping = BOUNDS.min, 25.0
    @outbox = Outbox.new(-> { @now })
    Thread.new { run }
  end

  # Puts a message into the outbox, and gives it. `tag` is the application's own word for it.
  def say(value, room: 'lobby', tag: nil) = add({ 'type' => 'chat', 'room' => room, 'value' => value }, tag)

  def remove(room, seq, mid, tag: nil) = add({ 'type' => 'remove', 'room' => room, 'seq' => seq, 'mid' => mid }, tag)

  def join(room, history: nil) = command { (@rooms[room] ||= Room.new(room)).want(history) }

  # C24: a room whose `join` has no answer is left when that comes.
  def leave(room)
    command do
      left = @rooms[room] or next
      left.wanted = false
      step_out(left) unless left.asked?
    end
  end

  # C26: asks for older messages of a room that the client is in. Gives whether there is a connection.
  def history(room, before: nil, limit: nil)
    command { transmit({ 'type' => 'history', 'room' => room, 'before' => before, 'limit' => limit }.compact) }
  end

  # The names that are present in a room; `nil` if they are not known.
  def members(room) = @lock.synchronize { @rooms[room]&.members }

  # C16: logs out when the outbox is empty, and ends.
  def logout = command { @logout = :wanted }

  # What the application sees, until the client has ended.
  def each
    loop do
      was_full = full?
      kind, detail = @events.pop
      wake if was_full
      yield kind, detail
      break if kind == :stopped
    end
  end

  private

  def add(body, tag) = command { @outbox.add(body, tag) }

  # Does something between two steps of the thread.
  def command
    @lock.synchronize do
      raise IOError, 'the client has ended' if @ended

      yield.tap { wake }
    end
  end

  def wake = @waker.write_nonblock('.', exception: false)

  # --- The thread ---

  def run
    until @ended
      connect if @lock.synchronize { connects? }
      select
      @lock.synchronize { step }
    end
  rescue StandardError => error
    @lock.synchronize { stop(error) }
  end

  def connects? = @connection.nil? && !full? && due?(@connect_at)

  def connect
    connection = Connection.open(@url)
    @lock.synchronize do
      @now = @heard_at = @clock.call
      connection ? @connection = connection : come_back
    end
  end

  # C27: a client whose application is slow does not read.
  def select
    read = [@awake, (@connection&.io unless full?)].compact
    write = @connection&.writes? ? [@connection.io] : []
    IO.select(read, write, nil, [[@next_at - @now, 0].max, TICK].min)
    @awake.read_nonblock(EVENTS, exception: false)
  end

  def full? = @events.size >= EVENTS

  def step
    notice_sleep
    @next_at = @now + TICK
    return unless @connection

    @connection.flush if @connection.writes?
    read
    return unless @connection
    return ended(@connection.end_code) if @connection.end_code

    watch_silence
    ask if @connection&.open?
  end

  # Whether a time has come. If it has not, the thread wakes when it does.
  def due?(time)
    return true if @now >= time

    @next_at = [@next_at, time].min
    false
  end

  # C32
  def notice_sleep
    before, @now = @now, @clock.call
    return unless @now - before > TICK + LATE

    @connect_at = @now
    ping if @connection&.open?
  end

  def read
    return @heard_at = @now if full?

    messages = @connection.read or return
    @heard_at = @now
    @pinged_at = nil
    messages.each { |message| take(message) unless @ended }
  end

  # C31
  def watch_silence
    if @pinged_at || !@connection.open?
      deadline = @pinged_at ? @pinged_at + ANSWER : @heard_at + HANDSHAKE
      ended(Connection::LOST) if due?(deadline)
    elsif due?(@heard_at + @ping)
      ping
    end
  end

  def ping
    @pinged_at = @now
    transmit({ 'type' => 'ping' })
  end

  # --- What the client sends ---

  def transmit(message) = @connection&.open? && @connection.transmit(message)

  # Sends what may leave. C5: no message before the login. C18: a join needs none.
  def ask
    log_in if @login == :none && due?(@login_at)
    @rooms.each_value { |room| transmit(room.join) if room.out? && due?(room.join_at) }
    return unless @login == :done

    while due?(@outbox.due_at) && (message = @outbox.next)
      transmit(message)
    end
    @logout = :asked if @logout == :wanted && @outbox.empty? && transmit({ 'type' => 'logout' })
  end

  # C4, C9, C10: over whichever socket there is.
  def log_in
    @login = :asked
    transmit({ 'type' => 'login', 'username' => @name, 'session' => @session }.compact)
  end

  # Leaves a room: for good, or to join it again.
  def step_out(room)
    transmit({ 'type' => 'leave', 'room' => room.name }) if room.in?
    room.leave
    @rooms.delete(room.name) unless room.wanted
  end

  # --- What the client hears. C2: it looks at no key that it does not know. ---

  def take(message)
    case message['type']
    when 'logged_in' then logged_in(message)
    when 'login_failure' then login_failed(message)
    when 'logged_out' then logged_out(message)
    when 'joined' then joined(message)
    when 'ack' then settled([@outbox.acknowledge(message['n'])])
    when 'error' then error(message)
    when 'history', 'typing', 'status' then tell(message['type'].to_sym, message) # C26, C33
    when 'gap', 'reset', 'presence' then of_room(message)
    when 'pong', 'synced' then nil
    else entry(message)
    end
  end

  def tell(kind, detail) = @events << [kind, detail]

  def settled(messages) = messages.compact.each { |message| tell(:settled, message) }

  # C4, C6 to C8, C29
  def logged_in(message)
    @login = :done
    @session = message['session'] || @session
    @ping = message['ping_ms'] / 1000.0
    @bound = BOUNDS.min
    settled(@outbox.logged_in(message['resumed'], message['acked']))
  end

  # C9, C30
  def login_failed(message)
    retry_ms = message['retry_ms']
    retry_ms ||= 1000 if message['value'] == 'taken' && @now < @own_name_until
    retry_ms ? log_in_after(retry_ms) : stop(message['message'])
  end

  def log_in_after(retry_ms)
    @login = :none
    @login_at = @now + retry_ms / 1000.0
  end

  # C10
  def logged_out(message)
    return stop('logged out') if @logout == :asked

    @login = :none unless message['reason'] == 'replaced'
  end

  # C19, C24
  def joined(message)
    room = @rooms[message['room']]
    return unless room&.asked?

    hole = room.joined(message)
    return step_out(room) unless room.wanted

    tell(:hole, message) if hole
    tell(:joined, message)
  end

  # C20, C21, C25
  def of_room(message)
    room = @rooms[message['room']]
    return unless room&.in?

    room.public_send(message['type'], message)
    tell(message['type'].to_sym, message)
  end

  # C3, C17, C22, C23
  def entry(message)
    room = @rooms[message['room'] || 'lobby']
    return unless room&.in?
    return step_out(room) unless room.takes?(message)

    tell(message['type'].to_sym, message) if %w[chat removed].include?(message['type'])
  end

  # An error with a number is about a message, one with a room alone about the join, if that has no answer. C9: one
  # with neither can be about the login.
  def error(message)
    room = @rooms[message['room']]
    if message['n']
      settled([@outbox.refuse(message)])
      @login = :none if message['code'] == 'not_logged_in' && @login == :done # C10
    elsif room&.asked?
      refused(room, message)
    elsif message['retry_ms'] && message['room'].nil? && @login == :asked
      log_in_after(message['retry_ms'])
    else
      tell(:error, message)
    end
  end

  # C18, C30
  def refused(room, message)
    room.leave
    retry_ms = message['retry_ms'] if room.wanted
    return room.join_at = @now + retry_ms / 1000.0 if retry_ms

    @rooms.delete(room.name)
    tell(:error, message) if room.wanted
  end

  # --- The end of a connection ---

  # C28
  def ended(code)
    return stop(code) if STAY_AWAY.include?(code) || @logout == :asked

    @own_name_until = @now + OWN_NAME if @login == :asked && @session.nil?
    @bound = BOUNDS.max if code == FLOODING
    @outbox.slow_down if code == FLOODING
    come_back
  end

  # C29
  def come_back
    disconnect
    @connect_at = @now + rand * @bound
    @bound = [@bound * 2, BOUNDS.max].min
  end

  def disconnect
    @connection&.close
    @connection = @pinged_at = nil
    @login = :none
    @rooms.each_value(&:leave) # C18
    @rooms.delete_if { |_, room| !room.wanted }
  end

  # Each message that is not settled is so now.
  def stop(reason)
    @ended = true
    disconnect
    settled(@outbox.give_up)
    tell(:stopped, reason)
  end
end
