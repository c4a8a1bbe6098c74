"""Model cards; finding, adding and downloading weights. No torch."""
