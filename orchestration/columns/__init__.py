"""What the UI tells of columns: type, meaning, and which columns they come from."""
