"""Torch: features, the probe, the fine-tuning loop and checkpoints."""
