"""The transcript: everything that users of `lfv-mcp` see, recorded as text and compared again.

It drives the console command from outside (over stdio with the official client, over HTTP, at the
command line, and `lfv-mcp replay`) and knows nothing of how the package is built, so it holds while
the package is rebuilt. `python -m tests.transcript` compares; `--update` records anew.
"""
