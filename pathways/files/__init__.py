"""Files of users: one reader and one writer for the whole house."""
