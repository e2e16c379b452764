# frozen_string_literal: true

# Rails 6 listens to Redis in a thread that ends the whole server when the connection is lost, and again at the first
# subscription while Redis is away. Here the thread continues: it connects again after a pause, and subscribes to the
# channels of all open websockets. A message that cannot be published is lost, but its request succeeds, because its
# change is in the database.

require 'action_cable/subscription_adapter/redis'

module KeepListening
  # Seconds before the next attempts to connect; the last one stays.
  PAUSES = [1, 2, 5, 10].freeze

  module Listener
    def listen(conn)
      failures = 0
      begin
        super
      rescue ::Redis::BaseError, SystemCallError, IOError => error
        failures = 0 if connected?
        pause = PAUSES.fetch(failures, PAUSES.last)
        failures += 1
        ActionCable.server.logger.warn("Live updates stop: #{error.class}: #{error.message}; next attempt in #{pause} s")
        subscribe_again
        sleep pause
        conn = @adapter.redis_connection_for_subscriptions
        retry
      end
    end

    private

    def connected?
      !@raw_client.nil?
    end

    # First in the queue for the connection. Subscriptions requested meanwhile follow.
    def subscribe_again
      channels = @sync.synchronize { @subscribers.keys }
      @subscription_lock.synchronize do
        @raw_client = nil
        @when_connected.unshift(-> { channels.each { |channel| send_command('subscribe', channel) } })
      end
    end
  end

  module Publisher
    def broadcast(channel, payload)
      super
    rescue ::Redis::BaseError, SystemCallError, IOError => error
      ActionCable.server.logger.warn("A live update is lost: #{error.class}: #{error.message}")
    end
  end
end

ActionCable::SubscriptionAdapter::Redis::Listener.prepend(KeepListening::Listener)
ActionCable::SubscriptionAdapter::Redis.prepend(KeepListening::Publisher)

# Without keepalive, a listener never detects that its server's node is gone.
ActionCable::SubscriptionAdapter::Redis.redis_connector = lambda do |config|
  ::Redis.new(config.except(:adapter, :channel_prefix).merge(connect_timeout: 2, tcp_keepalive: 15))
end
