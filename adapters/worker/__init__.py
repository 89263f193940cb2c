"""Working off the outbox: the relay that wakes, the worker that claims, the job that runs, the heart that keeps its lease."""
