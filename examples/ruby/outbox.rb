# frozen_string_literal: true

# The messages that are not settled, oldest first, and their numbers.
class Outbox
  # `state` is :waiting, :acknowledged, :failed or :unknown. `number` is the one it was last sent under, if it was.
  Message = Struct.new(:body, :tag, :state, :number, :sent, :error, keyword_init: true)

  LIMIT = 1000  # C13: messages kept
  WINDOW = 32   # C13: messages on their way
  RATE = 20.0   # C13: messages a second
  BURST = 20    # messages at once, after a pause
  LARGEST = 16 * 1024 # bytes of a message
  DEEPEST = 32  # levels of a message
  AGAIN = %w[resend unavailable rate_limited not_logged_in].freeze

  class Full < StandardError; end

  def initialize(clock)
    @clock = clock
    @messages = []
    @rate = RATE
    @not_before = @spent_until = clock.call
    start_from(0)
  end

  def empty? = @messages.empty?

  # Takes a message. Fails if there is no space, and for one that the node would not take: its answer has no number.
  def add(body, tag)
    raise Full, "#{LIMIT} messages wait already" if @messages.size >= LIMIT

    size = JSON.generate({ **body, 'n' => 2**53 }, max_nesting: DEEPEST).bytesize
    raise ArgumentError, "#{size} bytes are more than #{LARGEST}" if size > LARGEST

    Message.new(body: body, tag: tag, state: :waiting).tap { |message| @messages << message }
  end

  # The time from which the next message may leave.
  def due_at = [@not_before, @spent_until - BURST / @rate].max

  def slow_down = @rate /= 2

  # The message that leaves now, if one may. C11: it gets its number now.
  def next
    return if @refused || @on_way.size >= WINDOW

    message = @messages.find { |each| !each.sent } or return
    message.sent = true
    message.number = @next_number
    @on_way << @next_number
    @next_number += 1
    @spent_until = [@spent_until, @clock.call].max + 1 / @rate
    message.body.merge('n' => message.number)
  end

  # C15: the message that an ack stands for, if it still waits for one.
  def acknowledge(number)
    message = settle(number, :acknowledged) or return
    @acked = [@acked, number].max
    answered(number)
    message
  end

  # C12, C14: what an error means for the message. Gives the message if it has failed.
  def refuse(error)
    number = error['n']
    return unless @on_way.include?(number)

    @refused = true
    @wait = [@wait, (error['retry_ms'] || 0) / 1000.0].max
    @acked = [@acked, error['from'] - 1].min if error['code'] == 'resend'
    failed = settle(number, :failed, error) unless AGAIN.include?(error['code'])
    answered(number)
    failed
  end

  # C6 to C8: gives the messages that the login has settled.
  def logged_in(resumed, acked)
    sent = @messages.select { |message| message.number && (!resumed || message.number <= acked) }
    sent.each { |message| settle(message.number, resumed ? :acknowledged : :unknown) }
    @messages.each { |message| message.number = nil } unless resumed
    start_from(acked)
    sent
  end

  # The client has ended: gives all messages.
  def give_up
    @messages.each { |message| message.state = message.number ? :unknown : :failed }.tap { @messages = [] }
  end

  private

  def settle(number, state, error = nil)
    message = @messages.find { |each| each.number == number } or return
    message.state = state
    message.error = error
    @messages.delete_if { |each| each.equal?(message) }
    message
  end

  def answered(number)
    @on_way.delete(number)
    return unless @refused && @on_way.empty?

    @not_before = @clock.call + @wait
    start_from(@acked)
  end

  # All that is left is sent again, in its order. C7, C12: the first one has the number after `acked`.
  def start_from(acked)
    @acked = acked
    @next_number = acked + 1
    @on_way = []
    @refused = false
    @wait = 0
    @messages.each { |message| message.sent = false }
  end
end
