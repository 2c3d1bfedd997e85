"""What is written to a folder or printed: pages, tables and their sentences."""
