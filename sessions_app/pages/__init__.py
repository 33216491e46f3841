"""The pages of lobbies: the list, opening and joining a lobby, and the lobby itself."""
