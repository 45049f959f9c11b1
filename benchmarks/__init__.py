"""What mnist-zoo costs, against the program one would write otherwise: ``python -m benchmarks``."""
