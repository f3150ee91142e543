"""The command `broker`."""
