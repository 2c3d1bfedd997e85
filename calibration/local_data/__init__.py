"""What an area has counted: read, checked, audited, and made into targets."""
