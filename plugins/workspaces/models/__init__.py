"""Tables of this plugin, by family."""
