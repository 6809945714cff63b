"""Glassbox: a DICOM viewer that shows what the neural network saw."""

import os

__version__ = "0.1.0"

# Before NumPy is imported: the threads of its matrix products wait on the cores that torch needs next,
# which on two cores doubles the time of a pass.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
