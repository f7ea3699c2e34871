// The real server over HTTP, the host page, and Debian's Chromium; all of them end with `close`.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const here = new URL('./', import.meta.url);
export const root = fileURLToPath(new URL('../../', here));
export const PYTHON = process.env.PYTHON || `${root}.venv/bin/python`;
const axe = await readFile(new URL('node_modules/axe-core/axe.min.js', here), 'utf8');

export const CAP_SEAL = { project_name: 'sample-cap-seal', model_version: '3' };
/** The seven states, each as a tool call. */
export const STATES = {
  hosted: ['analyze_evaluation', { ...CAP_SEAL, defect_rate: 0.02 }],
  costs: ['analyze_evaluation', { ...CAP_SEAL, defect_rate: 0.01, cost_of_escape: 10, cost_of_false_reject: 1, threshold: 0.57, recall_at_least: 0.95, false_alarms_at_most: 0.03 }],
  segmentation: ['analyze_evaluation', { project_name: 'sample-panel-paint', model_version: '1' }],
  failed: ['describe_model', { project_name: 'sample-cap-seal', model_version: '4' }],
  perfect: ['describe_model', { project_name: 'sample-label-check', model_version: '1' }],
  comparison: ['compare_models', { project_name: 'sample-weld-bead', model_versions: ['1', '2', '3', '4'] }],
  missing: ['analyze_evaluation', { project_name: 'sample-label-check', model_version: '3' }],
};

function serve(source) {
  const child = spawn(PYTHON, ['-m', 'lfv_mcp', 'serve', '--source', source, '--transport', 'http', '--port', '0', '--allowed-origin', 'http://127.0.0.1:*'],
    { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] });
  const url = new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', data => { said += data; const found = said.match(/listening on (\S+)/); if (found) resolve(found[1]); });
    child.on('exit', code => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  return { child, url };
}

/** A server over a source, a browser, and the host's pages in it. */
export async function start(source = 'sample') {
  const { outputFiles: [bundle] } = await build({
    entryPoints: [fileURLToPath(new URL('host.js', here))], bundle: true, format: 'esm', write: false, logLevel: 'error',
  });
  const html = await readFile(new URL('host.html', here));
  const site = createServer((request, response) => {
    const script = request.url.endsWith('.js');
    response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' }).end(script ? bundle.contents : html);
  });
  await new Promise(resolve => site.listen(0, '127.0.0.1', resolve));
  const server = serve(source);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });
  return {
    browser,
    /** A page of the host at this width, connected to the server. */
    async host(width = 1200, colorScheme = 'light') {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      page.faults = [];
      page.on('console', message => { if (['error', 'warning'].includes(message.type())) page.faults.push(message.text()); });
      page.on('pageerror', error => page.faults.push(String(error)));
      page.on('dialog', dialog => { page.faults.push('dialog ' + dialog.message()); dialog.dismiss(); });
      await page.goto(`http://127.0.0.1:${site.address().port}/`);
      await page.waitForFunction(() => window.ready);
      page.offered = await page.evaluate(url => window.connect(url), await server.url);
      return page;
    },
    async close() {
      await browser.close();
      site.close();
      server.child.removeAllListeners('exit');
      server.child.kill();
    },
  };
}

/** Shows a tool's result in the host; resolves with the view's frame once it is drawn and idle. */
export async function show(page, [tool, args], more = {}) {
  const { _meta: meta } = page.offered.tools.find(t => t.name === tool);
  page.resource = await page.evaluate(given => window.show(given), { tool, args, uri: meta.ui.resourceUri, ...more });
  const frame = await (await page.$('iframe')).contentFrame();
  await frame.waitForSelector('main:not([aria-busy])');
  await settled(page);
  return frame;
}

/** Waits until nothing has been asked or resized for a while. */
export async function settled(page) {
  let before;
  for (let now = ''; now !== before; now = await page.evaluate(() => JSON.stringify([window.seen?.calls, window.seen?.sizes]))) {
    before = now;
    await page.waitForTimeout(350);
  }
}

/** What a person reads of a state, as docs/images keeps it beside the pictures. */
export const words = async frame => `${(await frame.locator('main').innerText()).replace(/[ \t]+$/gm, '')}\n`;

/** What axe-core finds in a frame or page, in words. */
export async function faults(frame) {
  await frame.evaluate(axe);
  const { violations } = await frame.evaluate(() => window.axe.run(document, { iframes: false }));
  return violations.map(v => `${v.id}: ${v.nodes.map(n => n.target + ' ' + n.failureSummary.replace(/\s+/g, ' ')).slice(0, 4).join(' | ')}`);
}

/** Elements whose content is cut or sticks out sideways. */
export const cut = frame => frame.evaluate(() => {
  const wide = document.documentElement.clientWidth, found = [];
  for (const node of document.querySelectorAll('main, main *:not(svg *)')) {
    const box = node.getBoundingClientRect();
    if (box.width && (box.right > wide + 1 || box.left < -1)) found.push(`${node.tagName}.${node.getAttribute('class')} ${box.left}..${box.right} of ${wide}`);
  }
  if (document.documentElement.scrollWidth > wide) found.push('the page scrolls sideways');
  return found;
});
