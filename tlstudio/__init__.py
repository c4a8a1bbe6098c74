"""Transfer Learning Studio: from a labeled folder of images to one offline ONNX file."""

import os

__version__ = "0.1.0"

# Read by the OpenMP library when torch loads it. Its threads otherwise spin while they wait, and beside any other busy program
# (the window itself is enough) each small operation then waits for a spinning thread to be scheduled: measured 7 times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# In every process of the program, before any library is loaded that might look around in the network.
from tlstudio.storage.silence import be_silent

be_silent()
