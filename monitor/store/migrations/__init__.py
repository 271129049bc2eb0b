"""The chain of changes to the tables, for both databases."""
