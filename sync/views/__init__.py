"""Pages that show the directory and the runs."""
