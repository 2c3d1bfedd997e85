"""A region: its practices and people, its capacity, its waiting lists today.

One region may consist of several areas that share nothing: people are seen by their own area's sites. How it is read from
a folder of small files stands in `pathways.region_folder`; how one is built from official files, in
`pathways.official.practices.new_region`.
"""

from __future__ import annotations
