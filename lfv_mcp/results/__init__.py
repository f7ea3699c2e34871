"""The answers as data: one frozen pydantic model for each record, and the JSON Schemas published.

A module here holds one answer and its parts; `base.py` what all of them share and `schema.py` how
pydantic's schema becomes the published one. This package imports pydantic and nothing else of
lfv_mcp, and it never computes, reads or words anything.
"""
