"""What operators read: from views to text. Pure, the time of day included."""
