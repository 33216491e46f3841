"""Games: lobbies, seats, sockets, and the generated data of the demo."""
