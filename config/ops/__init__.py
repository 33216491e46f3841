"""What operators need: health, logs, background work."""
