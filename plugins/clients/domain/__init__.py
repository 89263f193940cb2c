"""Rules about clients, by family."""
