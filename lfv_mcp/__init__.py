"""lfv-mcp: the Model Context Protocol server for Amazon Lookout for Vision models."""

__version__ = "0.1.0"
