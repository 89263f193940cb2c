"""HTTP to other services: the client that is bounded in every direction, and key sets fetched with it."""
