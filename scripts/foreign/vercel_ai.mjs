// Vercel AI SDK with the scripted model and our server; `command`, `model` and `question` on stdin.
import { generateText, isStepCount } from "ai";
import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as Stdio } from "@ai-sdk/mcp/mcp-stdio";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { text } from "node:stream/consumers";

const asked = JSON.parse(await text(process.stdin));
const [command, ...args] = asked.command;
const env = { ...process.env, LFV_SOURCE: "sample" };
const client = await createMCPClient({ transport: new Stdio({ command, args, env }) });
const provider = createOpenAICompatible({ name: "scripted", baseURL: asked.model });
try {
  await generateText({
    model: provider("scripted"),
    tools: await client.tools(),
    prompt: asked.question,
    stopWhen: isStepCount(5),
  });
} finally {
  await client.close();
}
