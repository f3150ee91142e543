"""The embedded PostgreSQL: its binaries, folders, user and processes."""
