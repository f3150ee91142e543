"""What the broker does by the clock."""
