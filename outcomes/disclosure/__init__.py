"""Small numbers of people: what is hidden, so that nobody can be found from a table."""
