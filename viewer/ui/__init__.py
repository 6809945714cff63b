"""The window and its parts: the only package that uses QtWidgets and pyqtgraph."""
