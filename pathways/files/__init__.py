"""The files that users give and get: one reader and one writer for the whole house.

`opened` takes the bytes of a file, within bounds; `cells` makes a table of text of them, `values` numbers and dates of
text; `parquet` the columns of a Parquet file; `toml_json` reads TOML and JSON; `persons` finds what could tell who somebody
is; `writing` writes. What a table means is not known here.
"""
