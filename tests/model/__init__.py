"""The engine as a page or two of Python, and who plays the same calls on both."""
