"""Authentication of sockets: tickets, page sessions, and checks of the sign-in."""
