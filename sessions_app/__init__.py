"""Games: lobbies, seats, sockets, and the generated world of the demo."""
