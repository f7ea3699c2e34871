// The view under a real host: node --test view.test.mjs
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { PYTHON, STATES, cut, faults, root, settled, show, start } from './harness.mjs';

const VIEW = 'ui://lfv/view.html';
let lab, page;
before(async () => { lab = await start(); page = await lab.host(); });
after(() => lab.close());

const text = (frame, selector) => frame.locator(selector).innerText();
const calls = () => page.evaluate(() => window.seen.calls);
const structured = ([tool, args]) => page.evaluate(async ([tool, args]) => (await window.ask(tool, args)).structuredContent, [tool, args]);
/** Everything the page (host and view) complained about; a GET that the server rightly refuses aside. */
const complaints = of => of.faults.filter(fault => !fault.includes('405'));
const scratch = () => mkdtemp(join(tmpdir(), 'lfv-view-'));

test('the server offers the view', async () => {
  const { capabilities, tools } = page.offered;
  assert.deepEqual(capabilities.extensions, { 'io.modelcontextprotocol/ui': {} });
  const shown = tools.filter(tool => tool._meta?.ui?.resourceUri === VIEW).map(tool => tool.name);
  assert.deepEqual(shown.sort(), ['analyze_evaluation', 'compare_models', 'describe_model']);
});

test('handshake, result, slider, defect rate, theme, teardown', async () => {
  const frame = await show(page, STATES.hosted, { context: { theme: 'light', containerDimensions: { maxWidth: 1200, maxHeight: 4000 } } });
  assert.equal(page.resource.mimeType, 'text/html;profile=mcp-app');
  assert.deepEqual(page.resource.meta, { ui: { prefersBorder: true } });
  assert.equal(await frame.evaluate(() => self.origin), 'null');
  assert.match(await text(frame, 'h1'), /sample-cap-seal\s+version\s3/);
  assert.match(await text(frame, '.chips'), /HOSTED when captured\s+Synthetic sample\s+Captured 28 October 2025/);
  // The state comes from a second question, by the model's own name.
  assert.deepEqual(await calls(), [{ name: 'describe_model', arguments: { project_name: 'sample-cap-seal', model_version: '3' } }]);

  const yields = 'table.yields';
  assert.match(await text(frame, yields), /Defects escaping\s+2\s+0\.8 to 4\.6\s+4 of 40/);
  const slider = frame.locator('#cut');
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  assert.match(await text(frame, yields), /Defects escaping\s+1\.5\s+3 of 40/, 'at once, from the rows held');
  await page.keyboard.press('ArrowRight');
  await settled(page);
  const asked = (await calls()).slice(1);
  const arn = 'arn:aws:lookoutvision:us-east-1:111122223333:model/sample-cap-seal/3';
  assert.deepEqual(asked, [{ name: 'analyze_evaluation', arguments: { project_name: arn, model_version: '3', defect_rate: 0.02, threshold: 0.296288 } }], 'one question for two quick moves');
  assert.match(await text(frame, yields), /Defects escaping\s+1\s+2 of 40[^]*Good parts rejected\s+232\.8\s+19 of 80/);
  assert.equal(await slider.getAttribute('aria-valuetext'), 'At 0.2963 5.0% of defects escape, 23.8% of good parts are rejected');
  assert.equal(await frame.evaluate(() => document.activeElement.id), 'cut', 'the focus stays');
  assert.match(await text(frame, '.note'), /Answered/);

  await frame.locator('#rate').fill('0.5');
  await page.keyboard.press('Enter');
  await settled(page);
  assert.equal((await calls()).at(-1).arguments.defect_rate, 0.005);
  assert.match(await text(frame, '.lead'), /At 0\.5% defects/);
  assert.match(await text(frame, 'main'), /Of 1,000 parts at 0\.5% defects, cut at 0\.2963/);

  const colour = () => frame.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await colour();
  await page.evaluate(() => window.bridge.setHostContext({ theme: 'dark', containerDimensions: { maxWidth: 1200, maxHeight: 4000 } }));
  await frame.waitForFunction(before => getComputedStyle(document.body).backgroundColor !== before, light);
  assert.equal(await colour(), 'rgb(23, 25, 28)');

  // The frame is as high as the page wants: nothing scrolls within it.
  const { sizes } = await page.evaluate(() => window.seen);
  assert.ok(sizes.length && sizes.every(({ width, height }) => width <= 1200 && height > 0));
  assert.ok(await frame.evaluate(() => document.documentElement.scrollHeight <= innerHeight));

  const wire = await page.evaluate(async () => { await window.bridge.teardownResource({}); return window.seen.wire; });
  assert.deepEqual(wire.filter(message => message.method && message.id !== undefined).map(({ id, method }) => [id, method]), [[0, 'ui/resource-teardown']]);
  assert.deepEqual(complaints(page), []);
});

test('requests of the host are answered, unknown ones refused', async () => {
  await show(page, STATES.failed);
  const raw = message => page.evaluate(m => window.raw(m), message);
  assert.deepEqual(await raw({ id: 0, method: 'ping' }), { jsonrpc: '2.0', id: 0, result: {} });
  const refused = await raw({ id: 'x', method: 'sampling/createMessage', params: {} });
  assert.equal(refused.error.code, -32601);
  assert.equal((await raw({ id: 7, method: 'constructor' })).error.code, -32601);
});

test('an answer overtaken by a newer question is dropped', async () => {
  const frame = await show(page, STATES.hosted);
  await page.evaluate(() => {
    let n = 0;
    window.answer = async params => {
      if (n++ === 0) await new Promise(resolve => setTimeout(resolve, 900));
      return window.ask(params.name, params.arguments);
    };
  });
  await frame.locator('button', { hasText: '5%' }).click();
  await page.waitForTimeout(300);
  await frame.locator('button', { hasText: /^1%/ }).click();
  await page.waitForTimeout(1200);
  await page.evaluate(() => { delete window.answer; });
  assert.match(await text(frame, '.lead'), /At 1% defects/);
});

test('a question that fails says why, and the page stays', async () => {
  const frame = await show(page, STATES.hosted);
  await page.evaluate(() => { window.answer = async () => ({ isError: true, content: [{ type: 'text', text: 'The bucket is <b>gone</b>.' }] }); });
  await frame.locator('button', { hasText: /^1%/ }).click();
  await settled(page);
  await page.evaluate(() => { delete window.answer; });
  assert.equal(await text(frame, '.note'), 'The bucket is <b>gone</b>.');
  assert.match(await text(frame, '.lead'), /At 2% defects/);
});

test('a host without tools for views gets what the result holds', async () => {
  const frame = await show(page, STATES.hosted, { capabilities: {} });
  assert.deepEqual(await calls(), []);
  assert.ok(await frame.locator('#rate').isDisabled());
  await frame.locator('#cut').focus();
  await page.keyboard.press('Home');
  assert.match(await text(frame, 'table.yields'), /Defects escaping\s+17\.5\s+35 of 40/);
  await settled(page);
  assert.deepEqual(await calls(), []);
});

test('the host’s colours are taken if they can be read', async () => {
  const variables = { '--color-background-primary': '#fdf6e3', '--color-text-primary': '#073642', '--font-sans': 'monospace' };
  const frame = await show(page, STATES.failed, { context: { theme: 'light', styles: { variables } } });
  const look = () => frame.evaluate(() => { const { color, backgroundColor, fontFamily } = getComputedStyle(document.body); return [color, backgroundColor, fontFamily]; });
  assert.deepEqual(await look(), ['rgb(7, 54, 66)', 'rgb(253, 246, 227)', 'monospace']);
  await page.evaluate(v => window.bridge.setHostContext({ theme: 'light', styles: { variables: { ...v, '--color-text-primary': '#eeeeee' } } }), variables);
  await page.waitForTimeout(200);
  assert.deepEqual((await look()).slice(0, 2), ['rgb(26, 29, 33)', 'rgb(255, 255, 255)']);
});

test('axe-core finds nothing and nothing is cut, in both themes, at 320 and 1,200 pixels', async () => {
  const each = [320, 1200].flatMap(width => ['light', 'dark'].map(theme => [width, theme]));
  await Promise.all(each.map(async ([width, theme]) => {
    const host = await lab.host(width, theme);
    for (const [name, call] of Object.entries(STATES)) {
      const frame = await show(host, call, { context: { theme } });
      await frame.evaluate(() => document.querySelectorAll('details').forEach(node => { node.open = true; }));
      assert.deepEqual(await faults(frame), [], `${name} ${width} ${theme}`);
      assert.deepEqual(await cut(frame), [], `${name} ${width} ${theme}`);
    }
    assert.deepEqual(complaints(host), []);
    await host.close();
  }));
});

const HOSTILE = '</script><!--<img src=x onerror="window.owned=1"><script>window.owned=1</script>\'"&lt;\u2028\u202egnp.exe\u0000 '
  + '<svg onload=window.owned=1>' + 'W'.repeat(600) + ' العربية';
/** The same value with every text in it made hostile, but for the words that steer the page. */
function hostile(value, key = '') {
  if (typeof value === 'string') return ['kind', 'basis', 'severity', 'baseline', 'model_version', 'verdict', 'project_name'].includes(key) && value.length < 20 ? value : HOSTILE;
  if (Array.isArray(value)) return value.map(item => hostile(item, key));
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, hostile(v, k)]));
  return value;
}
async function harmless(frame, name) {
  assert.equal(await frame.evaluate(() => window.owned), undefined, name);
  assert.equal(await frame.locator('main :is(img, script, b b, iframe, [onerror], [onload])').count(), 0, name);
  assert.ok((await text(frame, 'main')).includes('<img src=x onerror="window.owned=1">'), name);
  assert.ok(!/[\u0000\u202e]/.test(await frame.locator('main').textContent()), name);
  assert.deepEqual(await cut(frame), [], name);
}

test('hostile text in every field is shown as text', async () => {
  const narrow = await lab.host(320);
  for (const [name, call] of Object.entries(STATES)) {
    const result = await structured(call);
    for (const data of [hostile(result), { ...hostile(result), model_version: HOSTILE, baseline: HOSTILE, project_name: HOSTILE, source: { kind: 'constructor', basis: '__proto__', captured_at: HOSTILE, location: HOSTILE } }]) {
      if (name !== 'comparison') delete data.baseline;
      const frame = await show(narrow, [call[0], { ...call[1], project_name: HOSTILE }], { result: { content: [], structuredContent: data }, capabilities: {} });
      await frame.evaluate(() => document.querySelectorAll('details').forEach(node => { node.open = true; }));
      await harmless(frame, name);
    }
  }
  assert.deepEqual(complaints(narrow), []);
  await narrow.close();
});

test('a description and an error message with markup are text', async () => {
  for (const result of [
    { isError: true, content: [{ type: 'text', text: HOSTILE }] },
    { content: [{ type: 'text', text: HOSTILE }] },
    { content: [], structuredContent: { summary: HOSTILE } },
  ]) {
    const frame = await show(page, STATES.failed, { result });
    await harmless(frame, JSON.stringify(result).slice(0, 40));
  }
});

test('whatever is missing or of another kind, the page says something', async () => {
  const differs = (whole, data) => JSON.stringify(Object.keys(whole).filter(key => data[key] !== whole[key]).map(key => [key, data[key]])).slice(0, 400);
  const junk = [null, [], {}, 'x', -1, 2, true, [null, 1, 'x', {}], { toString: 1 }];
  for (const [name, call] of Object.entries(STATES)) {
    const whole = await structured(call);
    const variants = Object.keys(whole).flatMap(key => [Object.fromEntries(Object.entries(whole).filter(([k]) => k !== key)), ...junk.map(value => ({ ...whole, [key]: value }))]);
    for (const key of Object.keys(whole)) {  // one level down
      for (const inner of Object.keys(Object(whole[key])).slice(0, 12)) {
        if (typeof whole[key] !== 'object') continue;
        for (const value of [undefined, null, 'x', {}]) variants.push({ ...whole, [key]: Array.isArray(whole[key]) ? whole[key].map(() => value) : { ...whole[key], [inner]: value } });
      }
    }
    const frame = await show(page, call, { capabilities: {} });
    const said = await frame.evaluate(async variants => {
      const texts = [];
      for (const data of variants) {
        receive({ content: [{ type: 'text', text: 'in words' }], structuredContent: data });
        const given_up = document.querySelector('h1').textContent === 'Answer';
        texts.push(given_up === !kind(data) ? document.querySelector('main').innerText : 'given up');
      }
      return texts;
    }, variants);
    variants.forEach((data, i) => {
      assert.ok(said[i].length > 5 && said[i] !== 'given up', `${name} given up: ${differs(whole, data)}`);
      const odd = said[i].match(/.*(NaN|undefined(?!:)|\[object|Infinity).*/);
      assert.ok(!odd, `${name}: ${odd} for ${differs(whole, data)}`);
    });
  }
  assert.deepEqual(complaints(page), []);
});

test('text alone, an error, a cancellation are readable', async () => {
  const report = await structured(STATES.hosted);
  let frame = await show(page, STATES.hosted, { result: { content: [{ type: 'text', text: JSON.stringify(report) }] } });
  assert.match(await text(frame, 'table.matrix'), /36\s+caught/);
  frame = await show(page, STATES.hosted, { result: { content: [{ type: 'text', text: 'One line.\nAnother.' }] } });
  assert.equal(await text(frame, '.lead'), 'One line.\nAnother.');
  frame = await show(page, ['analyze_evaluation', { project_name: 'sample-cap-seal', model_version: '4' }]);
  assert.match(await text(frame, 'main'), /No answer[^]*evidence_unavailable/);
  await page.evaluate(() => window.bridge.sendToolCancelled({ reason: 'Too slow.' }));
  await frame.waitForFunction(() => document.querySelector('main').innerText.includes('Too slow.'));
});

const cli = (...args) => execFileSync(PYTHON, ['-m', 'lfv_mcp', ...args], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
async function file(path, width = 1200, colorScheme = 'light') {
  const opened = await lab.browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  opened.faults = [];
  opened.requests = [];
  opened.on('console', message => opened.faults.push(message.text()));
  opened.on('pageerror', error => opened.faults.push(String(error)));
  opened.on('request', request => opened.requests.push(request.url()));
  await opened.goto(pathToFileURL(path).href);
  return opened;
}

test('the file of the command line shows the same, alone', async () => {
  const folder = await scratch();
  const made = {
    evaluate: ['evaluate', 'sample-cap-seal', '3', '--defect-rate', '0.02'],
    describe: ['describe', 'sample-panel-paint', '1'],
    compare: ['compare', 'sample-weld-bead', '1', '2', '3', '4'],
  };
  for (const [name, args] of Object.entries(made)) {
    const path = join(folder, `${name}.html`);
    cli(...args, '--html', path);
    for (const [width, theme] of [[320, 'dark'], [1200, 'light']]) {
      const opened = await file(path, width, theme), frame = opened.mainFrame();
      assert.deepEqual(await faults(frame), [], name);
      assert.deepEqual(await cut(frame), [], name);
      if (name === 'evaluate') {
        assert.match(await text(frame, '.chips'), /HOSTED when captured/);
        assert.ok(await frame.locator('#rate').isDisabled());
        await frame.locator('#cut').focus();
        await opened.keyboard.press('End');
        assert.match(await text(frame, 'table.yields'), /Defects escaping\s+0\s+0 of 40[^]*Good parts rejected\s+820\.8\s+67 of 80/);
      }
      assert.deepEqual(opened.faults, []);
      assert.equal(opened.requests.length, 1, 'nothing but the file itself is asked for');
      await opened.close();
    }
  }
});

test('hostile text in a file stays text', async () => {
  const folder = await scratch(), path = join(folder, 'hostile.html');
  await writeFile(join(folder, 'answers.json'), JSON.stringify([{ arguments: { project_name: HOSTILE }, result: hostile(await structured(STATES.hosted)) }]));
  execFileSync(PYTHON, ['-c', 'import json, pathlib, sys; from lfv_mcp import view; view.write(pathlib.Path(sys.argv[2]), json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")))', join(folder, 'answers.json'), path], { cwd: root });
  const opened = await file(path, 320);
  await harmless(opened.mainFrame(), 'file');
  assert.deepEqual(opened.faults, []);
  await opened.close();
});

test('the page alone says what it is for', async () => {
  const opened = await file(join(root, 'lfv_mcp/view.html'));
  assert.match(await text(opened.mainFrame(), 'main'), /--html FILE/);
  assert.deepEqual(await faults(opened.mainFrame()), []);
  assert.deepEqual(opened.faults, []);
  await opened.close();
});
