"""The agent: asks a broker for the next jobs of its machine, runs them and gives the answers back."""

VERSION = "0.1.0"
