"""What the program costs, against the limit and the best peers: `packaging/test --bench`."""
