"""The embedded twins: what a checkout runs on when nothing outside is configured."""
