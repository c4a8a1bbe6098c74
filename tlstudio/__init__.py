"""Transfer Learning Studio: from a labeled folder of images to one offline ONNX file."""

__version__ = "0.1.0"
