"""The parts of smoke_test.py: the screen, the place the program runs in, what it may print, the report."""
