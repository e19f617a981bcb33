"""The whole story, against a server that misbehaves on request."""
