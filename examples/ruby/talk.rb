# frozen_string_literal: true

# Says each line of its input once, and prints what is said: ruby examples/ruby/talk.rb NAME [ROOM] [URL]

require_relative 'chat_v1'

$stdout.sync = true
name, room, url = ARGV
chat = ChatV1.new(url || 'ws://127.0.0.1:4567/ws', name: name)
chat.join(room ||= 'lobby')

say = lambda do |line|
  chat.say(line, room: room)
rescue Outbox::Full
  sleep(1)
  retry
end

input = nil
chat.each do |kind, detail|
  case kind
  when :joined then input ||= Thread.new { $stdin.each_line(chomp: true, &say) && chat.logout }
  when :chat then puts "#{detail['username']}: #{detail['value']}"
  when :settled then warn "* #{detail.state}: #{detail.body['value']}" unless detail.state == :acknowledged
  when :hole, :gap, :reset then warn "* #{kind}: #{detail}"
  when :stopped then warn "* #{detail}"
  end
end
