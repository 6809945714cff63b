"""What the reader draws on slices: its geometry and its figures. NumPy only; no Qt, no torch."""
