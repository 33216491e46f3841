"""What operators need: readiness, logs, background work."""
