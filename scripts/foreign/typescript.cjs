// One conversation through the TypeScript SDK, 1.x or 2.x: reads what to ask as JSON on stdin, writes
// what came back as JSON. Found through NODE_PATH, so CommonJS.
"use strict";

const asked = JSON.parse(require("node:fs").readFileSync(0, "utf8"));

function sdk(major) {
  if (major === 1) {
    const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
    const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");
    const { StreamableHTTPClientTransport } = require("@modelcontextprotocol/sdk/client/streamableHttp.js");
    return { Client, StdioClientTransport, StreamableHTTPClientTransport };
  }
  const { Client, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
  const { StdioClientTransport } = require("@modelcontextprotocol/client/stdio");
  return { Client, StdioClientTransport, StreamableHTTPClientTransport };
}

async function main() {
  const { Client, StdioClientTransport, StreamableHTTPClientTransport } = sdk(asked.major);
  // The 1.x SDK knows no eras, and passes over the option.
  const mode = asked.era === "modern" ? { pin: "2026-07-28" } : "legacy";
  const client = new Client({ name: "foreign", version: "0" }, { versionNegotiation: { mode } });
  const [command, ...args] = asked.command;
  await client.connect(
    asked.url
      ? new StreamableHTTPClientTransport(new URL(asked.url))
      : new StdioClientTransport({ command, args }),
  );
  const call = await client.callTool(asked.call);
  const failed = await client.callTool(asked.failing);
  const answer = {
    server: client.getServerVersion(),
    tools: (await client.listTools()).tools.map((tool) => tool.name),
    call: { text: call.content.map((block) => block.text), structure: call.structuredContent },
    failed: { is_error: failed.isError, text: failed.content.map((block) => block.text) },
    resources: (await client.listResources()).resources.map((resource) => resource.uri),
    templates: (await client.listResourceTemplates()).resourceTemplates.map((t) => t.uriTemplate),
    resource: (await client.readResource({ uri: asked.uri })).contents.map((part) => part.text),
    prompts: (await client.listPrompts()).prompts.map((prompt) => prompt.name),
    prompt: (await client.getPrompt(asked.prompt)).messages.map(
      ({ content }) => content.text ?? content.resource.text,
    ),
    completion: (await client.complete(asked.completion)).completion.values,
  };
  await client.close();
  process.stdout.write(JSON.stringify(answer));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
