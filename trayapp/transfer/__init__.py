"""Import of older databases."""
