"""The report: a value, its JSON, the page it is drawn on, and the file it is saved to."""
