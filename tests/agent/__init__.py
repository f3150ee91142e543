"""Tests of the agent alone: a fake broker, real processes, no database."""
