"""The second factor of staff: authenticator apps and recovery codes."""
