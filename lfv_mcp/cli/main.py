"""The command group `lfv-mcp`: its version, and which commands there are."""

from __future__ import annotations

import click

from lfv_mcp import __version__
from lfv_mcp.cli.archives import archive
from lfv_mcp.cli.collector import paused_collector
from lfv_mcp.cli.command_group import CommandGroup
from lfv_mcp.cli.comparing import compare
from lfv_mcp.cli.config_command import config
from lfv_mcp.cli.dataset import dataset
from lfv_mcp.cli.doctor import doctor
from lfv_mcp.cli.environment import drop_unset_boto3_variables, environment_of_this_server
from lfv_mcp.cli.export_command import export
from lfv_mcp.cli.gate import gate
from lfv_mcp.cli.inventory import inventory
from lfv_mcp.cli.listing import list_
from lfv_mcp.cli.manual import manual
from lfv_mcp.cli.questions import describe, evaluate
from lfv_mcp.cli.serving import replay, serve

# In the order of subjects; help sorts them. A new command is added here.
COMMANDS = (
    *(serve, describe, list_, evaluate, compare, gate, export),
    *(inventory, archive, dataset, replay, config, doctor, manual),
)


@click.group(
    cls=CommandGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="lfv-mcp")
@click.pass_context
def main(context: click.Context) -> None:
    """The MCP server for Amazon Lookout for Vision models.

    Without a command it is serve, with every flag of serve: MCP over stdio. AWS ended the service
    on 31 October 2025; answers come from saved records, or from an endpoint that still speaks the
    API.
    """
    context.with_resource(paused_collector())
    context.obj = environment_of_this_server()  # for doctor: as it was before the next line
    drop_unset_boto3_variables()


for command in COMMANDS:
    main.add_command(command)
