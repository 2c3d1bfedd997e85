"""What is said alike on every face: in the terminal, in the app and in reports."""
