"""Who sends: tokens, refreshed once for any number of callers."""
