"""How what waits is sent: pure policy, and one worker on one thread."""
