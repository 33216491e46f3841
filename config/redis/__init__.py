"""Redis: its addresses, clients and batches of commands."""
