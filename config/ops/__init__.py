"""What operators need: readiness, logs, the task queue, daily maintenance."""
