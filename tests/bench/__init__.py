"""Timings and memory, as ratios against a named yardstick in one run; none of it is a test."""
