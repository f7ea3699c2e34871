"""The `lfv-mcp` command: the only reader of argv and environment, and where parts are put together.

`main` lists the commands, `options` declares flags and environment variables, `wiring` opens what
they name. This package may import every other one, and is the only one that imports click; no
other package imports it. Modules of commands import what is heavy (boto3, mcp, pydantic, anyio)
inside their functions, because `--version` and `--help` need none of it.
"""
