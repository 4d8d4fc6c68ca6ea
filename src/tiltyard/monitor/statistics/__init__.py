"""What counts say: distances, rates and shifts, each with its definition."""
