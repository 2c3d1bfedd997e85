"""What every HTML report must be: a page that runs nothing and fetches nothing, in which names of others are text."""

from __future__ import annotations

import base64
import hashlib
import re

from tests.helpers.html import Page

HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror=alert(2)> & \"quoted\" 'single'"
"""A name as somebody might write it who means ill."""


def check_harmless(text: str, *, names: bool = True) -> Page:
    """The page, when it has the policy before anything else, one style that the policy allows, and nothing that runs or fetches.

    Where `names`, the hostile name stands in it as text.
    """
    page = Page(text)
    (policy,) = [each["content"] for each in page.of("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert text.index("Content-Security-Policy") < text.index("<title>") < text.index("<style>")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "link", "object", "embed", "form", "base", "image", "use", "foreignobject"}  # fmt: skip
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style", (tag, value)
            if name in ("href", "src", "xlink:href", "action"):
                assert str(value).startswith("#"), (tag, name, value)
    assert not names or any(HOSTILE in said for _, said in page.texts)
    return page
