"""What goes over the wire, by family."""
