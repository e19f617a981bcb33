"""Where it is sent: one module a server, each a TimeServer; none knows another."""
