# frozen_string_literal: true

# Runs the chart's initializer in Rails' own adapter, against a real Redis that is killed and started again:
#
#     ruby keep_listening.rb <keep_listening.rb of the chart> <redis-server>
#
# Without the initializer the process ends with 1 as soon as Redis is gone: leave out the first argument's file
# (`/dev/null`) to see it.

require 'socket'
require 'timeout'
require 'active_support/all'
require 'action_cable'
require 'action_cable/subscription_adapter/redis'

initializer, program = ARGV
PORT = TCPServer.open('127.0.0.1', 0) { |server| server.addr[1] }

def start(program)
  options = ['--port', PORT.to_s, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', Dir.pwd]
  redis = spawn(program, *options, out: File::NULL, err: File::NULL)
  at_exit { stop(redis) }
  wait_until('Redis starts') { TCPSocket.new('127.0.0.1', PORT).close || true }
  redis
end

def stop(redis)
  Process.kill(:KILL, redis)
  Process.wait(redis)
rescue SystemCallError
  # It was stopped before.
end

def wait_until(what)
  deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 30
  loop do
    done = begin
      yield
    rescue SystemCallError
      false
    end
    return if done
    abort("not within 30 s: #{what}") if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
    sleep 0.05
  end
end

ActionCable.server.config.logger = Logger.new($stdout)
ActionCable.server.config.cable = { adapter: 'redis', url: "redis://127.0.0.1:#{PORT}" }.with_indifferent_access
load initializer

redis = start(program)
adapter = ActionCable::SubscriptionAdapter::Redis.new(ActionCable.server)
heard = Queue.new
follow = lambda do |channel|
  subscribed = Queue.new
  adapter.subscribe(channel, ->(message) { heard << message }, -> { subscribed << true })
  subscribed
end
hears = lambda do |channel, message|
  wait_until("#{channel} hears #{message}") do
    adapter.broadcast(channel, message)
    sleep 0.05
    seen = []
    seen << heard.pop until heard.empty?
    seen.include?(message)
  end
end

follow.call('retro:1')
hears.call('retro:1', 'before')

stop(redis)
adapter.broadcast('retro:1', 'lost')
second = follow.call('retro:2')
sleep 3 # Longer than the first pauses: the listener has failed more than once.

redis = start(program)
hears.call('retro:1', 'after, on a channel from before')
hears.call('retro:2', 'after, on a channel from meanwhile')
abort('the subscription from meanwhile was not confirmed') if second.empty?

stop(redis)
redis = start(program)
hears.call('retro:1', 'after the second loss')
puts 'kept listening'
