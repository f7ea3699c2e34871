"""HTTP in front of the MCP server, and the archive's API replay as an HTTP endpoint.

`app.application` puts the layers together that a request passes, from the socket to the SDK.
`replay_app` serves the replay. Both listen through `listener` and run on `uvicorn_server`.
`observation` notes what is known of each request, for `access_log` and `metrics`; `probes` answers
whoever starts, stops and balances servers.

This package may import `catalog`, `archive` and the modules at the top of `lfv_mcp`, and only it
imports starlette, uvicorn, h11, jwt, httpx2 and prometheus_client. It never imports `server` or
`cli`: the MCP server is handed in.
"""
