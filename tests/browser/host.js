// A host as hosts are: the AppBridge of ext-apps, an MCP client, a sandboxed frame with the default CSP.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { AppBridge, PostMessageTransport } from '@modelcontextprotocol/ext-apps/app-bridge';

const CSP = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
  + "img-src 'self' data:; media-src 'self' data:; connect-src 'none'; frame-src 'none'; object-src 'none'";

let client;
window.connect = async url => {
  client = new Client({ name: 'browser-test', version: '1' }, { versionNegotiation: { mode: 'auto' }, capabilities: { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } } } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return { capabilities: client.getServerCapabilities(), tools: (await client.listTools()).tools };
};
window.ask = (name, args) => client.callTool({ name, arguments: args });

// Opens the view as the tool's `_meta` says, and gives it the input and the result.
window.show = async ({ tool, args, result, context = {}, capabilities = { serverTools: {}, updateModelContext: {} }, uri }) => {
  const seen = window.seen = { calls: [], sizes: [], contexts: [], wire: [], initialized: 0 };
  window.frame?.remove();
  const { contents: [page] } = await client.readResource({ uri });
  const frame = window.frame = document.createElement('iframe');
  frame.sandbox = 'allow-scripts';
  document.body.append(frame);
  const bridge = window.bridge = new AppBridge(null, { name: 'test-host', version: '1' }, capabilities, { hostContext: context });
  const ready = new Promise(resolve => { bridge.oninitialized = () => { seen.initialized++; resolve(); }; });
  bridge.oncalltool = async params => { seen.calls.push(params); return window.answer ? window.answer(params) : client.callTool(params); };
  bridge.onupdatemodelcontext = async params => { seen.contexts.push(params); return {}; };
  bridge.onsizechange = size => { seen.sizes.push(size); if (size.height) frame.style.height = size.height + 'px'; };
  const transport = new PostMessageTransport(frame.contentWindow, frame.contentWindow);
  const post = transport.send.bind(transport);
  transport.send = (message, options) => { seen.wire.push(message); return post(message, options); };
  await bridge.connect(transport);
  frame.srcdoc = page.text.replace('<head>', `<head><meta http-equiv="Content-Security-Policy" content="${CSP}">`);
  await ready;
  await bridge.sendToolInput({ arguments: args });
  await bridge.sendToolResult(result ?? await window.ask(tool, args));
  return { mimeType: page.mimeType, meta: page._meta };
};
// Raw JSON-RPC to the view, for what the bridge has no word for; resolves with its answer.
window.raw = message => new Promise(resolve => {
  addEventListener('message', function hear(event) {
    if (event.source === window.frame.contentWindow && event.data.id === message.id && !event.data.method) {
      removeEventListener('message', hear);
      resolve(event.data);
    }
  });
  window.frame.contentWindow.postMessage({ jsonrpc: '2.0', ...message }, '*');
});
window.ready = true;
