"""The commands of the command line: asked of the running app, or done without it."""
