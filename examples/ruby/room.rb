# frozen_string_literal: true

# A room that the client is in or wants to be in, with its position, which says "I have everything up to here".
class Room
  attr_reader :name, :members
  attr_accessor :wanted  # whether the application is in the room
  attr_accessor :join_at # the time from which a join may be sent

  def initialize(name)
    @name = name
    @join_at = 0
    leave
  end

  def want(history)
    @wanted = true
    @history = history
  end

  # What comes of the room is ignored from here on. The node does not have the client in the room, or is about to be told.
  def leave = @state = :out

  def out? = @state == :out

  def asked? = @state == :asked

  def in? = @state == :in

  # C18: the request that brings the client to where it stood.
  def join
    @state = :asked
    since = { 'epoch' => @epoch, 'seq' => @seq, 'mid' => @mid } if @epoch
    { 'type' => 'join', 'room' => @name, 'since' => since, 'history' => @history }.compact
  end

  # Takes the answer to the join. C19: gives whether what lies between the two positions is not known.
  def joined(message)
    hole = @epoch && message.values_at('seq', 'mid') != [@seq, @mid]
    @state = :in
    @members = message['members']
    reset(message)
    hole
  end

  # C21: `joined` and `reset` set the position.
  def reset(message)
    @epoch, @seq, @mid = message.values_at('epoch', 'seq', 'mid')
    @next_seq = @seq + 1
  end

  # C20: the position stays.
  def gap(message) = @next_seq = message['to'] + 1

  # C17, C22: moves the position to an entry. Gives whether it is in its place; what is no entry has none.
  def takes?(message)
    seq, mid = message.values_at('seq', 'mid')
    return true unless seq && mid
    return false unless seq == @next_seq

    @seq, @mid, @next_seq = seq, mid, seq + 1
    true
  end

  # C25: the names that are present; `nil` if they are not known, or too many to be told.
  def presence(message)
    changed = @members && message['left']
    @members = changed ? @members - message['left'] | message['joined'] : message['members']
  end
end
