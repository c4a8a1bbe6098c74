"""What can be wrong with the data: duplicates, leaks, imbalance. No torch."""
