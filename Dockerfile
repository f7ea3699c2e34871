# lfv-mcp over stdio; `serve --transport http ...` as arguments for HTTP.
# scripts/check_installs.py runs the COPY and RUN lines of the first stage in a scratch environment.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY lfv_mcp ./lfv_mcp
COPY prompts ./prompts
RUN python -m venv /opt/lfv-mcp
# With metrics, which deploy/kubernetes switches on.
RUN /opt/lfv-mcp/bin/pip install --no-cache-dir --disable-pip-version-check ".[metrics]"
# Nothing is installed in the image itself, so what installs is not needed there.
RUN /opt/lfv-mcp/bin/pip uninstall --yes --quiet pip

FROM python:3.13-slim
LABEL io.modelcontextprotocol.server.name="io.github.lfv-mcp/lfv-mcp"
# A home of its own: boto3 looks for ~/.aws there.
RUN useradd --create-home --uid 10001 app
COPY --from=build /opt/lfv-mcp /opt/lfv-mcp
USER app
WORKDIR /home/app
EXPOSE 8000
# Exec form, so that signals reach it; run with --init, for it is then not process 1.
ENTRYPOINT ["/opt/lfv-mcp/bin/lfv-mcp"]
