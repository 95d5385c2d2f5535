"""The way to the central platform: client, outbox and link state."""
