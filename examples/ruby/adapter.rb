# frozen_string_literal: true

# The adapter of this client for `chatnode conform`: see docs/protocol/conform.md.

require_relative 'chat_v1'

# Stands for the application: does what the lines say, and writes down what the client tells.
class Adapter
  def initialize
    $stdout.sync = true
    @slept = 0.0
    @early = []   # what is asked before `connect`
    @gate = Queue.new
    @lock, @going = Mutex.new, ConditionVariable.new
  end

  def run
    $stdin.each_line { |line| obey(JSON.parse(line)) }
  end

  private

  def obey(line)
    case line['do']
    when 'connect' then connect(line)
    when 'sleep' then @slept += line['ms'] / 1000.0
    when 'pause' then @paused = true
    when 'go on' then go_on
    else @chat ? ask(line) : @early << line
    end
  end

  def connect(line)
    @chat = ChatV1.new(line['url'], name: line['name'], clock: -> { ChatV1::CLOCK.call + @slept })
    @early.each { |each| ask(each) }
    Thread.new { watch }
  end

  def ask(line)
    case line['do']
    when 'join' then @chat.join(line['room'])
    when 'leave' then @chat.leave(line['room'])
    when 'send' then @chat.say(line['value'], room: line['room'], tag: line['key'])
    when 'logout' then @chat.logout
    end
  end

  def go_on
    @lock.synchronize do
      @paused = false
      @going.signal
    end
  end

  def watch
    @chat.each do |kind, detail|
      @lock.synchronize { @going.wait(@lock) while @paused }
      line = seen(kind, detail) and puts JSON.generate(line.compact)
    end
  end

  def seen(kind, detail)
    case kind
    when :chat then { 'see' => 'entry', 'room' => 'lobby', **detail.slice('room', 'seq', 'mid', 'value') }
    when :removed then { 'see' => 'removed', 'room' => 'lobby', **detail.slice('room'), **(detail['of'] || detail).slice('mid') }
    when :gap then { 'see' => 'gap', **detail.slice('room', 'from', 'to') }
    when :reset then { 'see' => 'reset', **detail.slice('room', 'seq') }
    when :hole then { 'see' => 'hole', 'room' => detail['room'] }
    when :settled then { 'see' => 'settled', 'key' => detail.tag, 'state' => detail.state }
    when :stopped then { 'see' => 'stopped' }
    end
  end
end

Adapter.new.run
