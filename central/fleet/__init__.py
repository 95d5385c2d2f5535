"""The state lane: what every terminal reported last, in memory, with the deadlines after which silence means gone."""
