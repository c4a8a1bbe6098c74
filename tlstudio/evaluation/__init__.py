"""Metrics and confidence intervals; numpy and scikit-learn, no torch."""
