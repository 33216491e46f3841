"""What models, rules, SQL and clients share of games: statuses, limits, the protocol of sockets. Pure."""
