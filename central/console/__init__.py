"""The operators' console (运维台): pages made on the server, kept live by server-sent events."""
