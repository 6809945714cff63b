"""Files as nobody should write them, and what Glassbox makes of them: ``python -m tests.fuzz --help``."""
