"""Settings, the server, and helpers that know no other application."""
