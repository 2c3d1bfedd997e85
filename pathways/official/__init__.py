"""Official files as they are published, read, and made into a region."""
