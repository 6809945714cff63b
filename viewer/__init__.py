"""Glassbox: a DICOM viewer that shows what the neural network saw."""

__version__ = "0.1.0"
