"""The offline runner: onnxruntime, numpy and Pillow; no torch."""
