"""What the use cases need from storage, by family."""
