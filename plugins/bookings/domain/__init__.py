"""Rules about bookings, by family: pure, and without a clock."""
