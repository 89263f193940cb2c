"""What bookings need from storage, by family."""
