"""The server process: connections, both protocols, the handler in front of Django, cached responses."""
