"""The commands of `backpath`, one question each: they read what is asked, run it and tell what came out.

What they share: options in `ui.commands.options`, reading in `ui.commands.asking`; how they tell it is in `ui.terminal`.
"""
