"""HTTP in front of the MCP server, and the archive's API replay as an HTTP endpoint.

`app.application` puts the layers together that a request passes, from the socket to the SDK.
`replay_app` serves the replay. Both listen through `listener` and run on `uvicorn_server`.

This package may import `archive` and the modules at the top of `lfv_mcp`, and only it imports
starlette, uvicorn, h11, jwt and httpx2. It never imports `server` or `cli`: the MCP server is
handed in.
"""
