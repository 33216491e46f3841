"""The server process: connections, both protocols, the handler in front of Django, the fast lane."""
