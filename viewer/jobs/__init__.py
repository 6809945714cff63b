"""Work away from the GUI thread: a job carries its question, reports, and can be stopped."""
