"""`python -m lfv_mcp` is `lfv-mcp`."""

from lfv_mcp.cli.main import main

if __name__ == "__main__":
    main(prog_name="lfv-mcp")
