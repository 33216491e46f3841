"""Who may open a socket: tickets, the sessions of pages, and whether a sign-in is still valid."""
