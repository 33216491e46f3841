"""Players: who they are, how they sign in, and the record of what is changed."""
