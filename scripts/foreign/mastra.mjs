// Mastra's agent with the scripted model and our server; `command`, `model` and `question` on stdin.
import { Agent } from "@mastra/core/agent";
import { MCPClient } from "@mastra/mcp";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { text } from "node:stream/consumers";

const asked = JSON.parse(await text(process.stdin));
const [command, ...args] = asked.command;
const env = { ...process.env, LFV_SOURCE: "sample" };
const client = new MCPClient({ id: "check", servers: { lfv: { command, args, env } } });
const provider = createOpenAICompatible({ name: "scripted", baseURL: asked.model });
const agent = new Agent({
  id: "inspector",
  name: "inspector",
  instructions: "Answer.",
  model: provider("scripted"),
  tools: await client.listTools(),
});
try {
  await agent.generate(asked.question, { maxSteps: 5 });
} finally {
  await client.disconnect();
}
