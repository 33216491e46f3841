"""Close codes of WebSockets that the server and the application both use. Pure."""

TOO_MUCH = 4429
