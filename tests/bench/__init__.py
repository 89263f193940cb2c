"""What a request costs, against the peer: `make bench`, and where it goes: `python -m tests.bench.profile`."""
