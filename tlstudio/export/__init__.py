"""A trained run becomes a bundle with a certificate."""
