"""Windows, each a process of its own: they draw, ask the running app, and decide nothing."""
