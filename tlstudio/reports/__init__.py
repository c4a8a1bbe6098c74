"""The report on a trained model: its content as one value, and that value as a web page or as PDF; no torch."""
