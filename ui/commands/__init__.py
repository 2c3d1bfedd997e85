"""The commands of `backpath`, one module each; what they share is in `ui.commands.options`."""
