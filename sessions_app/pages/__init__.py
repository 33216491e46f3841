"""The pages of lobbies: the list, opening and joining one, and the lobby itself."""
