// The view under a real host: node --test view.test.mjs
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { CAP_SEAL, PYTHON, STATES, cut, faults, root, settled, show, start, words } from './harness.mjs';

const VIEW = 'ui://lfv/view.html';
const OUTPUT = 'evaluation/panel-paint/output';  // of the sample
let lab, page;
before(async () => { lab = await start(); page = await lab.host(); });
after(() => lab.close());
afterEach(() => page.evaluate(() => { delete window.answer; }));

const text = (frame, selector) => frame.locator(selector).innerText();
/** Of every such element, what is to be read in it, on one line. */
const texts = async (frame, selector) => (await frame.locator(selector).allInnerTexts()).map(said => said.replace(/\s+/g, ' ').trim());
const count = (frame, selector) => frame.locator(selector).count();
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

// Each state: what a person sees.

test('hosted: intervals, counts, the worst mistakes', async () => {
  const frame = await show(page, STATES.hosted);
  assert.deepEqual(await texts(frame, 'span.range'), ['76.9% to 96.0%', '72.2% to 93.3%', 'no interval for this one', '3.5% to 15.4%']);
  assert.equal(await count(frame, '.whisker line.range'), 3 * 3, 'a line and its two ends, three times');
  assert.equal(await count(frame, 'rect.band'), 0);
  assert.deepEqual(await texts(frame, 'table.matrix td:has(b)'), ['36 caught 90.0% of 40', '4 escaped 10.0% of 40', '6 falsely rejected 7.5% of 80', '74 passed 92.5% of 80']);
  assert.deepEqual(await texts(frame, '.images li'), [
    'anomaly/0032.png 96.5% sure: normal', 'anomaly/0018.png 78.3% sure: normal', 'anomaly/0017.png 70.4% sure: normal', 'anomaly/0014.png 59.6% sure: normal',
    'normal/0015.png 98.6% sure: anomaly', 'normal/0007.png 96.7% sure: anomaly', 'normal/0029.png 94.1% sure: anomaly', 'normal/0056.png 93.5% sure: anomaly', 'normal/0062.png 84.8% sure: anomaly',
  ]);
  assert.equal(await count(frame, '.bad'), 0);
  assert.equal(await count(frame, '#cut'), 1);
  assert.doesNotMatch(await text(frame, 'main'), /No cut to move/);
});

test('segmentation: each kind of defect has its numbers', async () => {
  const frame = await show(page, STATES.segmentation);
  assert.deepEqual(await texts(frame, 'table.labels thead th'), ['Precision', 'Recall', 'F1', 'IoU']);
  assert.deepEqual(await texts(frame, 'table.labels tbody'), ['dent 81.0% 74.0% 77.3% 61.0%', 'scratch 69.0% 52.0% 59.3% 38.0%']);
  assert.deepEqual(await texts(frame, '.images li'), ['anomaly/0014.png 85.3% sure: normal', 'anomaly/0006.png 73.6% sure: normal', 'normal/0007.png 89.9% sure: anomaly']);
  assert.match((await texts(frame, '.findings li'))[0], /Weak labels: 'scratch'/);
  assert.match(await text(frame, 'main'), /Give the defect rate of your line/);
});

test('comparison: verdicts in words, every interval beside the baseline’s', async () => {
  const frame = await show(page, STATES.comparison);
  assert.deepEqual(await texts(frame, 'table.words tbody tr'), ['1 TRAINED the baseline –', '2 TRAINED ▲ better this 14, baseline 1 p < 0.001', '3 HOSTED ▲ better this 21, baseline 0 p < 0.001', '4 TRAINED = no proven difference –']);
  assert.match(await text(frame, '.chips'), /^No version proven best\s+Not all tested on the same images/);
  const forests = await frame.evaluate(() => [...document.querySelectorAll('section:has(.whisker)')].map(section => ({
    name: section.querySelector('h2').textContent,
    shaded: section.querySelector('.hint').textContent.includes('Shaded: the baseline’s interval.'),
    intervals: section.querySelectorAll('line.range').length / 3,
    bands: [...section.querySelectorAll('rect.band')].map(band => [band.x.baseVal, band.width.baseVal].map(x => x.valueInSpecifiedUnits)).map(([x, width]) => `${x.toFixed(1)}% to ${(x + width).toFixed(1)}%`),
    baseline: section.querySelector('span.range').textContent,
  })));
  const bands = interval => Array(4).fill(interval);
  assert.deepEqual(forests, [
    { name: 'Recall', shaded: true, intervals: 4, bands: bands('54.3% to 80.5%'), baseline: '54.3% to 80.5%' },
    { name: 'Precision', shaded: true, intervals: 4, bands: bands('57.3% to 83.3%'), baseline: '57.3% to 83.3%' },
    { name: 'F1', shaded: false, intervals: 0, bands: [], baseline: '' },
    { name: 'False alarms', shaded: true, intervals: 4, bands: bands('12.9% to 34.4%'), baseline: '12.9% to 34.4%' },
  ]);
  assert.deepEqual((await texts(frame, '.metric dt')).slice(0, 4), ['Version 1 baseline', 'Version 2 +11.1 points', 'Version 3 +26.7 points', 'Version 4 +16.8 points']);
});

test('each verdict has its own word', async () => {
  const data = await structured(STATES.comparison), [baseline, other] = data.models;
  const verdicts = ['better', 'worse', 'no_difference', 'not_comparable'];
  data.models = [baseline, ...verdicts.map((verdict, i) => ({ ...other, verdict, model_version: String(2 + i) }))];
  const frame = await show(page, STATES.comparison, { result: { content: [], structuredContent: { ...data, best: '2', same_test_set: true } } });
  assert.deepEqual(await texts(frame, 'table.words td:nth-child(2)'), ['the baseline', '▲ better ★ proven the best', '▼ worse', '= no proven difference', '– not comparable']);
  assert.match(await text(frame, '.chips'), /^Best: version 2\s+Same test images/);
});

test('perfect: what so few images prove, and no cut to move', async () => {
  const frame = await show(page, STATES.perfect);
  assert.deepEqual(await texts(frame, 'span.range'), ['72.2% to 100%', '72.2% to 100%', 'no interval for this one', '0% to 27.8%']);
  assert.equal(await count(frame, '#cut, .trade'), 0);
  assert.match(await text(frame, 'main'), /No cut to move: the report lists only one, 0\.8199\./);
  assert.match(await text(frame, 'main'), /It missed none of the test set\.[^]*It raised none on the test set\./);
  assert.match(await text(frame, '.lead'), /made no error in 20 test images/);
});

test('scores that no threshold explains give no cut to move', async () => {
  const data = await structured(STATES.hosted);
  data.threshold.rule_holds = false;
  const frame = await show(page, STATES.hosted, { result: { content: [], structuredContent: data } });
  assert.equal(await count(frame, '#cut, .trade'), 0);
  assert.match(await text(frame, 'main'), /No cut to move: no threshold on the scores explains what it judged\./);
  assert.match(await text(frame, 'main'), /Of 1,000 parts at 2% defects\n/, 'at the model’s own cut, which has no score');
  assert.deepEqual(await texts(frame, 'table.yields tbody tr'), ['Defects escaping 2 0.8 to 4.6 4 of 40 10.0%', 'Defects caught 18 36 of 40 90.0%', 'Good parts rejected 73.5 34.1 to 151 6 of 80 7.5%', 'Good parts passed 906.5 74 of 80 92.5%']);
});

test('failed: a bad state, and what is critical', async () => {
  const frame = await show(page, STATES.failed);
  assert.deepEqual(await texts(frame, '.chips .bad'), ['✕ TRAINING FAILED when captured']);
  assert.equal((await texts(frame, '.findings li'))[0], '✕ Critical Training had failed; there was no model to use. Use another version; the prompt diagnose_training goes through the usual causes.');
  assert.match(await text(frame, '.said'), /The service said: “Sample: training failed because the images differ/);
  assert.match(await text(frame, 'main'), /Not known: there are no metrics in this record\./);
  assert.deepEqual(await texts(frame, 'h2'), ['How good it is', 'Worth knowing', 'The record']);
});

test('missing: what is not known is said', async () => {
  const frame = await show(page, STATES.missing);
  assert.match(await text(frame, 'main'), /As reported for 60 test images; without their manifest there are no intervals\./);
  assert.match(await text(frame, 'main'), /What it did with the test images\s+Not known without the evaluation manifest\./);
  assert.match(await text(frame, 'main'), /No cut to move: the report holds no scores\./);
  assert.deepEqual([await count(frame, '.whisker'), await count(frame, 'line.range')], [3, 0]);
  assert.deepEqual(await texts(frame, 'table.yields tbody tr'), ['Defects escaping 8.0%', 'Defects caught 92.0%', 'Good parts rejected not known', 'Good parts passed not known']);
  await frame.locator('button', { hasText: '5%' }).click();
  await settled(page);
  assert.deepEqual(await texts(frame, 'table.yields tbody tr'), ['Defects escaping 4 8.0%', 'Defects caught 46 92.0%', 'Good parts rejected not known not known', 'Good parts passed not known not known']);
});

test('a live state is not history, a saved one is', async () => {
  const from = (kind, data) => ({ content: [], structuredContent: { ...data, summary: '', findings: [], source: { kind, basis: 'describe_model', captured_at: '2025-10-28T09:00:00Z' } } });
  const described = ['describe_model', CAP_SEAL], hosted = await structured(described);
  for (const [kind, chips] of [['live', ['● HOSTED', 'Live answer', 'Captured 28 October 2025']], ['archive', ['● HOSTED when captured', 'Saved record', 'Captured 28 October 2025']]]) {
    for (const call of [STATES.hosted, described]) {
      await page.evaluate(result => { window.answer = async () => result; }, from(kind, hosted));
      const frame = await show(page, call, { result: from(kind, await structured(call)) });
      assert.deepEqual(await texts(frame, '.chips li'), chips);
      assert.equal(/when captured|history/.test(await text(frame, 'main')), kind === 'archive');
    }
  }
});

test('a command that we name is code, a back-quote of the account is a back-quote', async () => {
  let frame = await show(page, STATES.missing);
  assert.deepEqual(await texts(frame, '.lead code'), ['lfv-mcp archive import']);
  assert.doesNotMatch(await text(frame, 'main'), /`/);
  const message = 'Weak labels: `rm -rf`.', advice = 'Look with `lfv-mcp doctor`; a lone ` stays.';
  frame = await show(page, STATES.missing, { result: { content: [], structuredContent: { ...await structured(STATES.missing), summary: `${message} ${advice}`, findings: [{ code: 'weak_labels', severity: 'warning', message, advice }] } } });
  for (const place of ['.lead', '.findings >> nth=0']) {
    assert.deepEqual(await texts(frame, `${place} >> code`), ['lfv-mcp doctor']);
    assert.match(await text(frame, place), /`rm -rf`\.\s+Look with lfv-mcp doctor; a lone ` stays\./);
  }
});

test('the words beside the pictures of docs/images are those of today', async () => {
  for (const [name, call] of Object.entries(STATES)) {
    const frame = await show(page, call, { context: { theme: 'light' } });
    assert.equal(await words(frame), await readFile(join(root, 'docs/images', `${name}.txt`), 'utf8'), `${name}: .ci/browser shots remakes pictures and words`);
  }
});

// Nothing by sight alone, nothing by pointer alone.

test('every picture has its numbers beside it, every mark and every ink a word', async () => {
  const number = /(\d+(?:\.\d)?)%/;
  for (const [name, call] of Object.entries(STATES)) {
    const frame = await show(page, call);
    await frame.evaluate(() => document.querySelectorAll('details').forEach(node => { node.open = true; }));
    const pictures = await frame.evaluate(() => [...document.querySelectorAll('main svg:not(svg svg)')].map(svg => {
      const of = (selector, ...names) => [...svg.querySelectorAll(selector)].map(node => names.map(key => parseFloat(node.getAttribute(key))));
      return {
        kind: svg.getAttribute('class'), hidden: svg.ariaHidden, role: svg.role, label: svg.ariaLabel || '',
        beside: (svg.closest('.metric, td, th') || svg.parentNode).innerText.replace(/\s+/g, ' ').trim(),
        interval: of('line.range', 'x1', 'x2').filter(([from, to]) => from !== to), value: of('circle.value', 'cx'), fill: of('rect.fill', 'width'),
        shape: svg.querySelector('path')?.getAttribute('d'),
      };
    }));
    const near = (drawn, said, what) => assert.ok(Math.abs(drawn - said) < .051, `${name}: ${drawn} drawn, ${said} said: ${what}`);
    for (const { kind, hidden, role, label, beside, interval, value, fill } of pictures) {
      if (kind === 'trade') {
        assert.ok(role === 'img' && hidden === null);
        assert.match(label, /At [\d.]+ [\d.]+% of defects escape, [\d.]+% of good parts are rejected/);
        continue;
      }
      assert.equal(hidden, 'true', `${name}: ${kind}`);
      if (kind === 'whisker') {
        near(value[0][0], beside.match(new RegExp(`${number.source}(?! to)`))[1], beside);
        const said = [...beside.matchAll(/([\d.]+)% to ([\d.]+)%/g)].map(found => found.slice(1));
        assert.equal(interval.length, said.length, beside);
        said.flat().forEach((end, i) => near(interval[0][i], end, beside));
      } else if (kind === 'bar') {
        near(fill[0][0], beside.match(number)[1], beside);
      } else if (kind === 'thousand') {
        assert.match(beside, /Defects escaping \d[^]*Defects caught \d[^]*Good parts rejected \d[^]*Good parts passed \d/);
      } else {
        assert.equal(kind, 'mark');
      }
    }
    const marks = pictures.filter(({ kind }) => kind === 'mark');
    if (marks.length) assert.deepEqual(marks.map(({ beside }) => beside), ['Defects escaping', 'Defects caught', 'Good parts rejected', 'Good parts passed']);
    assert.equal(new Set(marks.map(({ shape }) => shape)).size, marks.length, 'a shape each');
    const inked = await frame.evaluate(() => [...document.querySelectorAll('.escape, .reject, .bad')].map(node => node.closest('td, li').innerText));
    for (const said of inked) assert.match(said, /escaped|falsely rejected|✕ Critical|✕ \w+ FAILED/);
    for (const said of await texts(frame, '.findings b')) assert.match(said, /^(✕ Critical|▲ Warning|Note)$/);
  }
});

test('every control is reached by Tab, shows the focus, and works by the keyboard', async () => {
  const frame = await show(page, STATES.hosted);
  const reached = [];
  while (reached.length < 20) {
    await page.keyboard.press('Tab');
    const at = await frame.evaluate(() => {
      const node = document.activeElement, { outlineStyle, outlineWidth } = getComputedStyle(node);
      return node !== document.body && document.hasFocus() && { name: node.id || node.textContent, outline: `${outlineStyle} ${outlineWidth}` };
    });
    if (!at) break;
    assert.equal(at.outline, 'solid 2px', at.name);
    reached.push(at.name);
  }
  assert.deepEqual(reached, ['rate', '0.1%', '1%', '5%', 'cut', '5 notes']);
  await frame.locator('summary').focus();
  await page.keyboard.press('Enter');
  assert.equal(await frame.locator('details[open] li').count(), 5);
  await frame.locator('button', { hasText: /^1%/ }).focus();
  await page.keyboard.press('Space');
  await settled(page);
  assert.match(await text(frame, '.lead'), /At 1% defects/);
});

test('what is drawn stands out from the ground, in both themes', async () => {
  const drawn = {
    stroke: ['.whisker line.range', '.m-escape', '.m-reject', '.trade .steps', '.trade .stop', '.trade .built'],
    fill: ['.whisker circle.value', '.bar .fill', '.m-caught', '.m-passed', '.trade .now'],
    borderTopColor: ['#rate', '.entry button'], outlineColor: ['#rate'], color: ['.escape', '.reject'],
  };
  for (const theme of ['light', 'dark']) {
    const frame = await show(page, STATES.hosted, { context: { theme } });
    await frame.locator('#rate').focus();
    const colours = await frame.evaluate(drawn => {
      const of = (node, property) => getComputedStyle(node)[property];
      const named = ['--accent', '--escape', '--reject', '--faint'].map(name => {
        const probe = document.body.appendChild(document.createElement('i'));
        probe.style.color = `var(${name})`;
        return [name, of(probe, 'color')];
      });
      return { ground: of(document.body, 'backgroundColor'), inks: [...named, ...Object.entries(drawn).flatMap(([property, places]) => places.map(place => [`${place} ${property}`, of(document.querySelector(place), property)]))] };
    }, drawn);
    const light = colour => {
      const [r, g, b, ...more] = colour.match(/^rgb\((.+)\)$/)[1].split(', ').map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
      assert.deepEqual(more, [], 'nothing is seen through');
      return .2126 * r + .7152 * g + .0722 * b + .05;
    };
    const ground = light(colours.ground);
    for (const [what, colour] of colours.inks) {
      const contrast = Math.max(ground, light(colour)) / Math.min(ground, light(colour));
      assert.ok(contrast >= 3, `${what} ${theme}: ${contrast.toFixed(2)}`);
    }
  }
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

const TRICK = '</script><!--<img src=x onerror="window.owned=1"><script>window.owned=1</script>\'"&lt;\u2028\u202egnp.exe\u0000 '
  + '<svg onload=window.owned=1> \u200fالعربية';
const HOSTILE = TRICK + 'W'.repeat(600);
/** The same value with every text in it made hostile and headed by its path, but for the words that steer the page. */
function hostile(value, path = '') {
  const key = path.split('.').at(-1);
  if (typeof value === 'string') return ['kind', 'basis', 'severity', 'baseline', 'model_version', 'verdict', 'project_name'].includes(key) && value.length < 20 ? value : `${path} ${HOSTILE}`;
  if (Array.isArray(value)) return value.map((item, i) => hostile(item, `${path}.${i}`));
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, hostile(v, path ? `${path}.${k}` : k)]));
  return value;
}
/** The paths of the texts that a page of this result shows: all but codes and what it says in another way. */
const SILENT = /^(region|best_reason|artifacts\.output|performance\.evaluated_at|findings\.\d+\.code)$|^model_description\.(?!Description|ModelArn|KmsKeyId|\w+Timestamp)/;
function paths(value, path = '') {
  if (typeof value === 'string') return value.startsWith(`${path} ${TRICK}`) && !SILENT.test(path) ? [path] : [];
  return value && typeof value === 'object' ? Object.entries(value).flatMap(([k, v]) => paths(v, path ? `${path}.${k}` : k)) : [];
}
async function harmless(frame, name) {
  assert.equal(await frame.evaluate(() => window.owned), undefined, name);
  assert.equal(await frame.locator('main :is(img, script, b b, iframe, [onerror], [onload])').count(), 0, name);
  assert.ok((await text(frame, 'main')).includes('<img src=x onerror="window.owned=1">'), name);
  assert.ok(!/[\u0000\u200f\u202e]/.test(await frame.locator('main').textContent()), name);
  assert.deepEqual(await cut(frame), [], name);
}

test('hostile text is shown as text, in every field that is shown', async () => {
  const narrow = await lab.host(320), seen = [];
  const described = { described: ['describe_model', CAP_SEAL], encrypted: ['describe_model', STATES.segmentation[1]] };
  for (const [name, call] of Object.entries({ ...STATES, ...described })) {
    const data = hostile(await structured(call)), steered = { ...data, model_version: HOSTILE, baseline: HOSTILE, project_name: HOSTILE, source: { kind: 'constructor', basis: '__proto__', captured_at: HOSTILE, location: HOSTILE } };
    if (data.models) steered.models = data.models.map(m => ({ ...m, model_version: HOSTILE }));
    else delete steered.baseline;
    for (const given of [data, steered]) {
      const frame = await show(narrow, [call[0], { ...call[1], project_name: HOSTILE }], { result: { content: [], structuredContent: given }, capabilities: {} });
      await frame.evaluate(() => document.querySelectorAll('details').forEach(node => { node.open = true; }));
      await harmless(frame, name);
      const said = await text(frame, 'main'), shown = given === data ? paths(data) : [];
      for (const path of shown) assert.ok(said.includes(`${path} </script><!--<img src=x onerror="window.owned=1">`), `${name}: ${path}`);
      seen.push(...shown);
      if (given === steered) assert.match(await text(frame, 'h1'), /<img src=x[^]*version[^]*<img src=x/);
    }
  }
  const account = ['status_message', 'model_description.Description', 'model_description.KmsKeyId', 'artifacts.evaluation_manifest', 'labels.1.name', 'examples.missed_defects.0.image', 'examples.false_alarms.4.image', 'models.3.status', 'source.location', 'findings.0.message'];
  assert.deepEqual(account.filter(path => !seen.includes(path)), []);
  assert.deepEqual(complaints(narrow), []);
  await narrow.close();
});

test('a hostile archive stays text, all the way from its files', async () => {
  const folder = await scratch(), sample = name => readFile(join(root, 'lfv_mcp/archive/_sample', name), 'utf8');
  const [record, result] = (await Promise.all(['describe-model/sample-panel-paint-1.json', `${OUTPUT}/EvaluationResult-sample-panel-paint-1.json`].map(sample))).map(JSON.parse);
  Object.assign(record.ModelDescription, { Description: `Description ${TRICK}`, StatusMessage: `StatusMessage ${TRICK}` });
  result.AggregatedEvaluationResults.Metrics.PixelAnomalyClassMetrics.forEach((label, i) => { label.ClassName = `label ${i} ${TRICK}`; });
  const images = (await sample(`${OUTPUT}/EvaluationManifest-sample-panel-paint-1.json`)).trim().split('\n').map(JSON.parse);
  for (const image of images) image['source-ref'] = image['source-ref'].replace('.png', ` ${TRICK}.png`);
  await Promise.all(Object.entries({ record: JSON.stringify(record), result: JSON.stringify(result), manifest: images.map(image => JSON.stringify(image)).join('\n') })
    .map(([name, content]) => writeFile(join(folder, `${name}.json`), content)));
  const other = await start(folder);
  try {
    const host = await other.host(320);
    for (const call of [STATES.segmentation, ['describe_model', STATES.segmentation[1]]]) {
      const frame = await show(host, call);
      await harmless(frame, call[0]);
      assert.match(await text(frame, '.chips'), /TRAINED when captured\s+Saved record/);
      const places = { '.said': /StatusMessage/, '.record': /Description/, 'table.labels tbody:nth-of-type(1)': /label 0/, 'table.labels tbody:nth-of-type(2)': /label 1/, '.images li >> nth=0': /0014/, '.images li >> nth=2': /0007/ };
      for (const [place, what] of Object.entries(places)) {
        const said = await text(frame, place);
        assert.match(said, what);
        assert.ok(said.includes('<img src=x onerror="window.owned=1"><script>window.owned=1</script>\'"&lt;'), place);
        assert.match(said, /<svg onload=window\.owned=1> العربية/, place);
      }
    }
    assert.deepEqual(complaints(host), []);
  } finally {
    await other.close();
  }
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
  execFileSync(PYTHON, ['-c', 'import json, pathlib, sys; from lfv_mcp.server import view; view.write(pathlib.Path(sys.argv[2]), json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")))', join(folder, 'answers.json'), path], { cwd: root });
  const opened = await file(path, 320);
  await harmless(opened.mainFrame(), 'file');
  assert.deepEqual(opened.faults, []);
  await opened.close();
});

test('the page alone says what it is for', async () => {
  const opened = await file(join(root, 'lfv_mcp/server/view.html'));
  assert.match(await text(opened.mainFrame(), 'main'), /--html FILE/);
  assert.deepEqual(await faults(opened.mainFrame()), []);
  assert.deepEqual(opened.faults, []);
  await opened.close();
});
