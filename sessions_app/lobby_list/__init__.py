"""The list of open lobbies: for the API, the page, and the list socket, which gets what changes."""
