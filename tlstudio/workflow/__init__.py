"""What the user does, one function each. The command line and the window call only these."""
