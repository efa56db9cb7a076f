"""Pages that show both apps."""
