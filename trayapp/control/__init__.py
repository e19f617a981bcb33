"""One instance, and the channel by which the command line talks to it."""
