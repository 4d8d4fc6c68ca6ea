"""What alarms a reference with times would have raised, replayed before anyone subscribes. Pure."""
