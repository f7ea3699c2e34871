"""The composition root: settings in, a catalogue over the right source out.

What the command line, a server and a Python program open is the same. May import `catalog` and all
below it; never click, the MCP SDK or HTTP.
"""
