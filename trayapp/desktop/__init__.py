"""What the user sees: draws and posts, decides nothing."""
