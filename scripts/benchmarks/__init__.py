"""The benchmarks: each part makes what it needs on a durable PostgreSQL of its own, and prints ratios of one run."""
