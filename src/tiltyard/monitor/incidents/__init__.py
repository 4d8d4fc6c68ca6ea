"""What becomes of alarms: events, incidents, log lines and webhooks."""
