"""What the package does when something goes wrong: ``python -m benchmarks.faults``."""
