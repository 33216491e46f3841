"""The server process: connections, protocols, health checks, the handler of Django, cached responses."""
