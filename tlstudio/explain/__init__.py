"""Where in a picture a trained model finds its reasons, and whether that can be believed."""
