"""One thin page per step of the wizard."""
