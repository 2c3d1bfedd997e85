"""The terminal: where commands print, what they say there, and how they are seen at work and stopped."""
