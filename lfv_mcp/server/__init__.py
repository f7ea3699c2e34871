"""The MCP server: tools, resources and prompts over one catalogue.

`app.build_server` makes the SDK's server. Each family of things to ask for is a table without the
SDK (`tools`, `resources`, `prompts`), and beside it the handlers that put the table into the
protocol (`tool_handlers`, `resource_handlers`, `prompt_handlers`, `completion_handlers`).

This package may import `catalog`, `analysis`, `results` and the modules at the top of `lfv_mcp`,
never `http` or `cli`. `tools`, `arguments`, `prompts`, `size_limits` and `view` never import `mcp`,
because the command line uses them and should not load the SDK for that.
"""
