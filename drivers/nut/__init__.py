"""A UPS behind the daemon of Network UPS Tools, by its network protocol."""
