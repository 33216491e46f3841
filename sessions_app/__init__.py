"""Games: lobbies, seats, and the invented world that fills a demo."""
