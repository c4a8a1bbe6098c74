"""Simulations and planted truths behind what the program says: each claim beside its figure and the bound that it has to keep."""
