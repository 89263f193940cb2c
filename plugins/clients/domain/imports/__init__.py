"""Reading a file of clients that somebody else's program wrote."""
