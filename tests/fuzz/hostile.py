"""What people, spreadsheets and bad luck write into a cell, a field or an option."""

from __future__ import annotations

NOT_NUMBERS = (
    "abc", "5,5", "1,0", "12,34", "1.234,5", "1 234,5", "NaN", "nan", "inf", "-inf", "1e400", "9" * 5000, "٣", "½", "1/2",
    "0x10", "1_000", "12 %", "n/k", "c", "..", "#REF!", "#N/A", "=1+1", "TRUE", "5 weeks", "1-4", "<5", "*", "1,2,3",
    "--5", "1e", "e5", "1.2.3", "２０",
)  # fmt: skip
"""What is no number, whatever a reader may make of it."""

STRANGE_NUMBERS = (
    "-1", "-0", "0", "1e-320", "1e308", "1e18", "999999999999999999999", "0.1", "2147483648", "1,234", "007", "+5", "1E3",
    "100000000",
)  # fmt: skip
"""Numbers that a planner does not mean."""

TEXTS = (
    "", " ", "\u00a0", "\u200b", "NA", "None", "null", "nan", "a" * 400, "A81001 ", "£5", "é", "\x00", "\x1b[31m", "\ufeff", "\ud7ff",
    "'", '"', '""', "<script>alert(1)</script>", "=HYPERLINK(1)", "@x", "../../etc", "a/b", "a\\b", "{}", "[]", "%s", "{0}",
    "\u202e", "Total", "England", "E92000001", "home", "rest", "usual_care",
)  # fmt: skip
"""Names, codes and remarks."""

DATES = (
    "2025-02-30",
    "0000-01-01",
    "99999-01-01",
    "31/12/2025",
    "2099-01-01",
    "01-Apr-25",
    "2025-04",
    "45000",
    "1066-10-14",
)
"""Days, good and bad."""

WRITTEN = (
    "true", "[]", "{}", "[[]]", "nan", "-inf", "1e308", "-1", "0", '""', '"home"', '"rest"', "2026-01-01", "2026-01-01T00:00:00Z",
    "[1, 'a']", "{a = 1}", "1_0", "0x7fffffffffffffff", "9" * 5000, "[" * 3000, "{a=" * 500 + "1" + "}" * 500, '"' + "a" * 70000 + '"',
    "99999999999999", "'''", '"0 days"', '"-5 days"', '"1e9 years"', '"5 fortnights"', '"1"',
)  # fmt: skip
"""Values of TOML, of another type, of no sense, or cut short."""

FIRST_BYTES = (
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\x1f\x8b\x08",
    b"PAR1",
    b"%PDF-1.7",
    b"<html>",
    b"\xff\xfe",
    b"\x00" * 64,
    b"BZh9",
    b"\xfd7zXZ\x00",
)
"""How files of other kinds begin."""

PERSON = "999 000 0018"
"""Ten digits in the shape of an NHS number, of the range that is never given to anybody."""
PERSONS = (
    PERSON,
    PERSON.replace(" ", ""),
    PERSON.replace(" ", "-"),
    PERSON.replace(" ", "."),
    "99 9000 00 18",
    "9 9 9 0 0 0 0 0 1 8",
)
"""The same as people write it."""
