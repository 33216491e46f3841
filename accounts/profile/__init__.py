"""A player's own account: its page, and `users/me` in the API."""
