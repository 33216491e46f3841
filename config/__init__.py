"""Settings, the server, and helpers that do not depend on other applications."""
