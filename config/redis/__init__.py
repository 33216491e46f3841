"""Redis: URLs, clients and batches of commands."""
