"""Fails at import, as a missing dependency would make it."""

raise RuntimeError("no licence was found")
