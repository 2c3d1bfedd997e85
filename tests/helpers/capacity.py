"""What tests of capacity share with others."""

from __future__ import annotations

from typing import Any


def lever(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A lever with these changes."""
    return {"title": "A lever", "says": "For a test", "counter_effects": "None", "changes": list(changes), **more}
