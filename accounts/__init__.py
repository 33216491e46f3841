"""Players: accounts, sign-in, decisions of moderators, and the audit log."""
