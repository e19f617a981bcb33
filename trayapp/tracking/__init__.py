"""What the user does: values and pure functions; no clock, no I/O, no threads."""
