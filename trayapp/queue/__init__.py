"""What waits to be sent, and the only writer of it."""
