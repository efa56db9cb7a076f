"""The frame of the console, its logon, and the pages that show both apps."""
