"""Every wrong setting is an answer that names it, and can be corrected without a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio
import pytest
from mcp import Client

from lfv_mcp.catalog.catalog import Catalog
from lfv_mcp.identifiers import REGIONS
from lfv_mcp.server.app import build_server
from tests.support.api_endpoint import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    Endpoint,
    Reply,
    Request,
    healthy,
)
from tests.support.clients import describe
from tests.support.failures import (
    MARGIN,
    assert_asked,
    assert_good,
    failed,
)
from tests.support.live import live

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Setting:
    """One wrong setting; in `shell`, None unsets, and {port} is the endpoint's."""

    code: str
    says: str
    shell: Mapping[str, str | None] = field(default_factory=dict)
    config: str = ""
    region: str | None = "us-east-1"


ENDPOINT: Final = "AWS_ENDPOINT_URL_LOOKOUTVISION"
NO_KEYS: Final = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))
KEYS: Final = f"aws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
ROLE: Final = (
    f"[profile keys]\n{KEYS}[profile line-4]\nrole_arn = arn:aws:iam::111122223333:role/r\n"
)
LINE_4: Final = {"AWS_PROFILE": "line-4", **NO_KEYS}
GONE: Final = "cannot be resolved.*31 October 2025.*LFV_SOURCE"

SETTINGS: Final = {
    # credentials
    "none": Setting("credentials_missing", "Unable to locate.*aws sso login", NO_KEYS),
    "half": Setting(
        "credentials_missing",
        "missing: AWS_SECRET_ACCESS_KEY",
        {"AWS_SECRET_ACCESS_KEY": None},
    ),
    "no such profile": Setting(
        "credentials_missing", r"\(line-4\).*AWS_PROFILE", {"AWS_PROFILE": "line-4"}
    ),
    "not logged in": Setting(
        "credentials_expired",
        "login has ended.*aws sso login",
        LINE_4,
        "[profile line-4]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\n"
        "[sso-session s]\nsso_start_url = https://example.com\nsso_region = us-east-1\n",
    ),
    "role refused": Setting(
        "credentials_rejected",
        r"no credentials for this profile \(AssumeRole: AccessDenied\).*not authorized",
        {**LINE_4, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:{port}"},
        ROLE + "source_profile = keys\n",
    ),
    "nobody to ask for the role": Setting(
        "endpoint_unreachable",
        "http://127.0.0.1:1 refused.*asked for AWS credentials",
        {**LINE_4, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"},
        ROLE + "source_profile = keys\n",
    ),
    "role of nobody": Setting(
        "setup_invalid",
        '"nobody"',
        LINE_4,
        ROLE + "source_profile = nobody\n",
    ),
    "credential process missing": Setting(
        "setup_invalid",
        "/no/such/program",
        NO_KEYS,
        "[default]\ncredential_process = /no/such/program\n",
    ),
    "credential process talks": Setting(
        "credentials_missing",
        r"\[removed\]",
        NO_KEYS,
        f"[default]\ncredential_process = sh -c 'echo {ACCESS_KEY} {SECRET_KEY} >&2; exit 1'\n",
    ),
    "token with a line break": Setting(
        "setup_invalid",
        "a character that HTTP cannot carry",
        {"AWS_SESSION_TOKEN": f"{SESSION_TOKEN}\nx"},
    ),
    # region
    "no region": Setting("region_required", "AWS_REGION.*eu-west-1", region=None),
    "a region it never was in": Setting(
        "region_unsupported", "ap-south-1.*eu-west-1", region="ap-south-1"
    ),
    "such a region in the profile": Setting(
        "region_unsupported", "mars-1", config="[default]\nregion = mars-1\n", region=None
    ),
    # the way to the endpoint
    "refused": Setting(
        "endpoint_unreachable",
        f"http://127.0.0.1:1 refused.*{ENDPOINT}",
        {ENDPOINT: "http://127.0.0.1:1"},
    ),
    "no such host": Setting(
        "endpoint_unreachable",
        f"http://no-such-host.invalid:1 cannot be resolved.*{ENDPOINT}",
        {ENDPOINT: "http://no-such-host.invalid:1"},
    ),
    "AWS itself": Setting("endpoint_unreachable", GONE, {ENDPOINT: None}),
    "AWS, FIPS": Setting(
        "endpoint_unreachable", GONE, {ENDPOINT: None, "AWS_USE_FIPS_ENDPOINT": "true"}
    ),
    "no TLS there": Setting(
        "endpoint_unreachable", "No trusted TLS", {ENDPOINT: "https://127.0.0.1:{port}"}
    ),
    "no such CA bundle": Setting(
        "endpoint_unreachable",
        "AWS_CA_BUNDLE",
        {ENDPOINT: "https://127.0.0.1:{port}", "AWS_CA_BUNDLE": "/no/such.pem"},
    ),
    "proxy down": Setting(
        "endpoint_unreachable",
        "The proxy on the way to .*HTTP_PROXY",
        {"HTTP_PROXY": "http://someone:pa55w0rd@127.0.0.1:1", "NO_PROXY": None},
    ),
    # the endpoint's URL
    **{
        f"URL {url}": Setting("setup_invalid", says, {ENDPOINT: url})
        for url, says in {
            "nonsense": "Invalid endpoint: nonsense",
            "http://": "Invalid endpoint",
            "http://[::1": "Invalid IPv6",
            "http://exa mple": "Invalid endpoint",
            "http://127.0.0.1:99999": "Port out of range",
            "ftp://127.0.0.1": "scheme ftp",
            "http://someone:pa55w0rd@exa mple": "http://exa mple",
        }.items()
    },
    # other settings that boto3 refuses
    "defaults mode": Setting("setup_invalid", "nonsense", {"AWS_DEFAULTS_MODE": "nonsense"}),
    "endpoint mode": Setting(
        "setup_invalid", "account_id_endpoint_mode", {"AWS_ACCOUNT_ID_ENDPOINT_MODE": "nonsense"}
    ),
    "broken config": Setting(
        "setup_invalid", r"Unable to parse config file: .*/\.aws/config", config="[default\nregion"
    ),
}


def sts(request: Request) -> Reply:
    """An endpoint that refuses roles, in the words of STS."""
    if request.method == "GET":
        return healthy(request)
    refusal = "<Code>AccessDenied</Code><Message>You are not authorized</Message>"
    return Reply(f"<ErrorResponse><Error>{refusal}</Error></ErrorResponse>".encode(), 403)


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_wrong_setting_is_an_answer(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    wrong = SETTINGS[name]
    endpoint.answer = sts
    config = tmp_path / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(wrong.config)
    monkeypatch.setenv("HOME", str(tmp_path))
    async with Client(build_server(live(wrong.region))) as client:
        with monkeypatch.context() as shell:
            for variable, value in wrong.shell.items():
                if value is None:
                    shell.delenv(variable)
                else:
                    shell.setenv(variable, value.replace("{port}", endpoint.url.split(":")[-1]))
            with anyio.fail_after(20 + MARGIN):
                result = await describe(client)
            details = failed(result, wrong.code, wrong.says)
            assert_asked(details)
            assert "pa55w0rd" not in result.model_dump_json()
        # A client keeps the settings it was made with, so the good question is for another region.
        config.unlink()
        await assert_good(client, "eu-west-1")


async def test_a_region_it_never_was_in_is_refused_before_anything_is_sent(
    endpoint: Endpoint, shared: Catalog, era: str
) -> None:
    pasted = "arn:aws:lookoutvision:ap-south-1:111122223333:model/cap-seal/3"
    async with Client(build_server(shared), mode=era) as client:
        for question in ({"region": "ap-south-1"}, {"project": pasted}):
            result = await describe(client, **question)
            details = failed(result, "region_unsupported", "ap-south-1")
            assert all(region in details["next_step"] for region in REGIONS)
        assert not endpoint.requests
        await assert_good(client)
