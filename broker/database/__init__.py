"""Connections, and one round trip per call."""
