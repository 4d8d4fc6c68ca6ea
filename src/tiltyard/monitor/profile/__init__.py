"""What a model's traffic is held against: cells fixed from a reference, and its counts."""
