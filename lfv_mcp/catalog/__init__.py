"""Answers questions about models, each within a deadline.

`Catalog` is the facade; its parts find the model that is meant, walk listings, read evaluation
files, cache answers and run blocking calls on worker threads. May import `archive`, `aws`,
`analysis`, `formats`, `results` and the modules at the top of the package; never `server`, `http`,
`cli`, nor the packages mcp, boto3 and starlette.
"""
