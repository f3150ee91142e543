"""Waiting for what comes: calls that wait hold no database connection."""
