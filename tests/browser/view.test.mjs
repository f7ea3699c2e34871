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
  assert.match(await text(frame, yields), /Defects escaping\s+2\s+0\.79 to 4\.6\s+4 of 40/);
  const slider = frame.locator('#cut');
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  assert.match(await text(frame, yields), /Defects escaping\s+1\.5\s+0\.52 to 4\s+3 of 40/, 'at once, from the rows held, with its interval');
  await page.keyboard.press('ArrowRight');
  await settled(page);
  const asked = (await calls()).slice(1);
  const arn = 'arn:aws:lookoutvision:us-east-1:111122223333:model/sample-cap-seal/3';
  assert.deepEqual(asked, [{ name: 'analyze_evaluation', arguments: { project_name: arn, model_version: '3', defect_rate: 0.02, threshold: 0.21747 } }], 'one question for two quick moves');
  assert.match(await text(frame, yields), /Defects escaping\s+0\.5\s+0\.089 to 2\.6\s+1 of 40[^]*Good parts rejected\s+330\s+240 to 440\s+27 of 80/);
  assert.equal(await slider.getAttribute('aria-valuetext'), 'At 0.217 2 % of defects escape, 34 % of good parts are rejected');
  assert.equal(await frame.evaluate(() => document.activeElement.id), 'cut', 'the focus stays');
  assert.match(await text(frame, '[role=status]'), /Answered/);

  await frame.locator('#rate').fill('0.5');
  await page.keyboard.press('Enter');
  await settled(page);
  assert.equal((await calls()).at(-1).arguments.defect_rate, 0.005);
  assert.match(await text(frame, '.lead'), /At 0\.5 % defects/);
  assert.match(await text(frame, 'main'), /Of 1,000 parts at 0\.5 % defects, cut at 0\.217/);

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
  await frame.locator('button', { hasText: '5 %' }).click();
  await page.waitForTimeout(300);
  await frame.locator('button', { hasText: /^1 %/ }).click();
  await page.waitForTimeout(1200);
  await page.evaluate(() => { delete window.answer; });
  assert.match(await text(frame, '.lead'), /At 1 % defects/);
});

test('a question that fails says why, and the page stays', async () => {
  const frame = await show(page, STATES.hosted);
  await page.evaluate(() => { window.answer = async () => ({ isError: true, content: [{ type: 'text', text: 'The bucket is <b>gone</b>.' }] }); });
  await frame.locator('button', { hasText: /^1 %/ }).click();
  await settled(page);
  await page.evaluate(() => { delete window.answer; });
  assert.equal(await text(frame, '[role=status]'), 'The bucket is <b>gone</b>.');
  assert.match(await text(frame, '.lead'), /At 2 % defects/);
});

test('a host without tools for views gets what the result holds', async () => {
  const frame = await show(page, STATES.hosted, { capabilities: {} });
  assert.deepEqual(await calls(), []);
  assert.ok(await frame.locator('#rate').isDisabled());
  await frame.locator('#cut').focus();
  await page.keyboard.press('Home');
  assert.match(await text(frame, 'table.yields'), /Defects escaping\s+18\s+15 to 19\s+35 of 40/);
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
  assert.deepEqual(await texts(frame, 'span.range'), ['77 to 96 %', '72 to 93 %', '3 to 15 %', '0.784 to 0.935', '0.856 to 0.965', '0.707 to 0.933']);
  assert.equal(await count(frame, '.whisker line.range'), 6 * 3, 'a line and its two ends, six times');
  assert.equal(await count(frame, 'rect.band'), 0);
  assert.deepEqual(await texts(frame, 'table.matrix td:has(b)'), ['36 caught 90 % of 40', '4 escaped 10 % of 40', '6 falsely rejected 8 % of 80', '74 passed 92 % of 80']);
  assert.deepEqual(await texts(frame, '.images li'), [
    'anomaly/0032.png anomaly score 0.0352', 'anomaly/0018.png anomaly score 0.217', 'anomaly/0017.png anomaly score 0.296', 'anomaly/0014.png anomaly score 0.404',
    'normal/0015.png anomaly score 0.986', 'normal/0007.png anomaly score 0.967', 'normal/0029.png anomaly score 0.941', 'normal/0056.png anomaly score 0.935', 'normal/0062.png anomaly score 0.848',
  ]);
  assert.deepEqual((await texts(frame, 'section:has(.images) h3')), ['Defects it missed: 4', 'False alarms: 5 of 6']);
  assert.equal(await count(frame, '.bad'), 0);
  assert.equal(await count(frame, '#cut'), 1);
  assert.doesNotMatch(await text(frame, 'main'), /No cut to move/);
});

test('segmentation: each kind of defect has its numbers', async () => {
  const frame = await show(page, STATES.segmentation);
  assert.deepEqual(await texts(frame, 'table.labels thead th'), ['Precision', 'Recall', 'F1', 'IoU']);
  assert.deepEqual(await texts(frame, 'table.labels tbody'), ['dent 0.81 0.74 0.773 0.61', 'scratch 0.69 0.52 0.593 0.38']);
  assert.deepEqual(await texts(frame, '.images li'), ['anomaly/0014.png anomaly score 0.147', 'anomaly/0006.png anomaly score 0.264', 'normal/0007.png anomaly score 0.899']);
  assert.match((await texts(frame, '.findings li'))[0], /Weak labels: 'scratch'/);
  assert.match(await text(frame, 'main'), /Give the defect rate of your line/);
});

/** Of every question of every candidate: its words, and what is drawn, in points. */
const questions = frame => frame.evaluate(() => [...document.querySelectorAll('.question')].map(row => {
  const axis = +row.parentNode.querySelector('.scale span:last-child').textContent, inPoints = percent => (percent / 100 * 2 - 1) * axis;
  const of = (selector, ...names) => [...row.querySelectorAll(selector)].map(node => names.map(key => inPoints(parseFloat(node.getAttribute(key))))), ends = of('line.range', 'x1', 'x2');
  const beyond = row.querySelector('rect.beyond'), [x, width] = ['x', 'width'].map(key => parseFloat(beyond?.getAttribute(key)));
  return {
    words: row.innerText.replace(/\s+/g, ' ').trim(), value: of('circle.value', 'cx')[0][0], interval: ends.find(([from, to]) => from !== to),
    margin: of('line.margin', 'x1')[0]?.[0], strict: of('line.strict', 'x1', 'x2')[0], beyond: beyond && [inPoints(x), inPoints(x + width)], axis,
  };
}));

test('comparison: two questions for each candidate, drawn and in words', async () => {
  const frame = await show(page, STATES.comparison), data = await structured(STATES.comparison);
  assert.deepEqual(await texts(frame, 'article > h3'), ['Version 2 TRAINED', 'Version 3 HOSTED', 'Version 4 TRAINED']);
  assert.deepEqual(await texts(frame, 'article .chips'), ['▲ better Replace the baseline? ✓ accept', '▲ better Replace the baseline? ✓ accept', '– not comparable Replace the baseline? ? undecided']);
  assert.match(await text(frame, '.chips >> nth=0'), /^None is proven best\s+Not all tested on the same images/);
  assert.match(await text(frame, 'main'), /Recall may fall by at most 5 points \(the default, from the baseline’s own errors\); false alarms may rise by at most 5 points/);
  const asked = await questions(frame);
  assert.match(asked[0].words, /^Recall ▲ better \+11 points \(\+2 to \+23\), 95 % interval in brackets Of 45 defects version 2 alone caught 5, version 1 alone 0 \(p = 0\.031, adjusted for all questions asked p = 0\.031\)\. For the decision among several candidates: \+11 points \(−0\.05 to \+26\)\. Shown: not lower at all\.$/);
  assert.match(asked[1].words, /^False alarms ▲ better −15 points \(−27 to −4\)[^]*Of 55 good parts version 2 alone passed 9, version 1 alone 1[^]*Shown: not higher at all\.$/);
  assert.match(asked[4].words, /^Recall \? undecided \(not equal\) \+17 points \(−2 to \+33\), 95 % interval in brackets Not the same images: the difference may be the images’, so nothing is decided\.$/);
  // What is drawn is what the structure says: sign, ends, margin and the side that is worse.
  const rates = data.models.slice(1).flatMap(m => [[-1, m.recall], [1, m.false_alarm_rate]]);
  const near = (drawn, said) => assert.ok(Math.abs(drawn - 100 * said) < .02, `${drawn} drawn for ${said}`);
  assert.equal(asked.length, rates.length);
  asked.forEach(({ value, interval, margin, strict, beyond, axis }, i) => {
    const [side, rate] = rates[i];
    near(value, rate.difference);
    near(interval[0], rate.low);
    near(interval[1], rate.high);
    near(margin, side * .05);
    near(side < 0 ? beyond[1] : beyond[0], side * .05);
    near(side < 0 ? beyond[0] : beyond[1], side * axis / 100);
    assert.equal(strict === undefined, rate.decision_low === undefined);
    if (strict) [near(strict[0], rate.decision_low), near(strict[1], rate.decision_high)];
  });
  assert.match(await text(frame, 'article >> nth=0'), /ROC AUC, which needs no cut: \+10 points \(\+3 to \+18\), p = 0\.0047\. It decides nothing\./);
});

test('comparison: the images judged differently are counted and listed', async () => {
  const frame = await show(page, STATES.comparison);
  await frame.locator('article summary').first().focus();
  await page.keyboard.press('Enter');
  assert.deepEqual(await texts(frame, 'article summary'), ['15 images judged differently', '21 images judged differently']);
  assert.deepEqual(await texts(frame, 'article:first-of-type details h3'), ['Newly missed defects: 0', 'Newly rejected good parts: 1', 'Newly caught defects: 3 of 5', 'Newly passed good parts: 3 of 9']);
  assert.deepEqual(await texts(frame, 'article:first-of-type .images li >> nth=0'), ['normal/0029.png anomaly score 0.931']);
});

test('comparison: each version’s own numbers beside the baseline’s', async () => {
  const frame = await show(page, STATES.comparison);
  const forests = await frame.evaluate(() => [...document.querySelectorAll('section:has(.whisker)')].map(section => ({
    name: section.querySelector('h2').textContent,
    shaded: section.querySelector('.hint').textContent.includes('Shaded: the baseline’s interval.'),
    intervals: section.querySelectorAll('line.range').length / 3,
    bands: new Set([...section.querySelectorAll('rect.band')].map(band => [band.x.baseVal, band.width.baseVal].map(x => x.valueInSpecifiedUnits)).map(([x, width]) => `${x.toFixed(1)} to ${(x + width).toFixed(1)}`)).size,
    baseline: section.querySelector('span.range').textContent,
  })));
  const like = (name, baseline) => ({ name, shaded: true, intervals: 4, bands: 1, baseline });
  assert.deepEqual(forests, [like('Recall', '54 to 80 %'), like('Precision', '57 to 83 %'), like('False alarms', '13 to 34 %'), like('F1', '0.587 to 0.8')]);
});

test('an open question says what is shown and what would decide it', async () => {
  const frame = await show(page, ['compare_models', { project_name: 'sample-weld-bead', model_versions: ['2', '3'], recall_margin: 0.1, false_alarm_margin: 0.05 }]);
  assert.match(await text(frame, 'main'), /Recall may fall by at most 10 points \(given\); false alarms may rise by at most 5 points \(given\)/);
  assert.deepEqual(await texts(frame, 'article .chips'), ['? undecided (not equal) Replace the baseline? ? undecided']);
  const [recall, alarms] = await questions(frame);
  assert.match(recall.words, /^Recall ▲ better \+16 points \(\+3 to \+30\)/);
  assert.match(alarms.words, /^False alarms \? undecided \(not equal\) −2 points \(−12 to \+8\)[^]*Shown: higher by no more than 7\.9 points\. About 310 more good parts would decide, with 80 % chance, if the two are in truth equal\.$/);
  assert.doesNotMatch((await text(frame, 'main')).replaceAll('in truth equal', '').replaceAll('not equal', ''), /\bequal\b/);
});

test('each verdict and each decision has its own word, whatever else is missing', async () => {
  const data = await structured(STATES.comparison), [baseline, other] = data.models;
  const verdicts = ['better', 'worse', 'trade_off', 'not_worse', 'undecided', 'not_comparable'], replacement = ['accept', 'reject', 'undecided'];
  data.models = [baseline, ...verdicts.map((verdict, i) => ({ ...other, verdict, replacement: replacement[i % 3], recall: { undefined: 'no test image is anomalous' }, model_version: String(2 + i) }))];
  data.labels_to_doubt = [{ image: 's3://b/one.png', label: 'anomaly', confidence: .97 }];
  const frame = await show(page, STATES.comparison, { result: { content: [], structuredContent: { ...data, best: '2', same_test_set: true } } });
  assert.deepEqual(await texts(frame, 'article .chips li.state'), ['▲ better', '▼ worse', '⇅ a trade: better at one question, worse at the other', '✓ not worse', '? undecided (not equal)', '– not comparable']);
  assert.deepEqual((await texts(frame, 'article .chips b')).slice(0, 3), ['✓ accept', '✕ reject', '? undecided']);
  assert.match(await text(frame, '.chips >> nth=0'), /^Best: version 2\s+Same test images/);
  assert.match(await text(frame, 'article >> nth=0'), /★ proven the best[^]*no answer: no test image is anomalous/);
  assert.match(await text(frame, 'main'), /Labels to doubt[^]*s3:\/\/b\/one\.png\s+labelled anomaly, confidence 0\.97/);
});

// What a cut costs, and what was required.

test('costs: every policy with its cost, and the curve priced as the tool prices it', async () => {
  const frame = await show(page, STATES.costs), data = await structured(STATES.costs), { cost } = data;
  assert.deepEqual(await texts(frame, 'table.costs tbody tr'), [
    '◆ Cheapest cut 0.84814 to 0.861 0.067 0.036 to 0.14 7 of 40 4 of 80', '○ The model’s own cut 0.492 to 0.8049 0.084 0.044 to 0.16 4 of 40 6 of 80', '● The cut asked for 0.57 0.084 0.044 to 0.16 4 of 40 6 of 80',
    '┈ Reject nothing 0.1 exact 40 of 40 0 of 80', '━ Reject everything 0.99 exact 0 of 40 80 of 80',
  ]);
  const section = await text(frame, 'section:has(table.costs)');
  assert.match(section, /Per part inspected, at 1 % defects, if an escape costs 10 and a false reject 1\./);
  assert.match(section, /The cheapest cut against the model’s own: −0\.017 a part \(95 % interval −0\.078 to \+0\.0045\)\. Undecided, which is not equal: the interval holds 0\./);
  assert.match(section, /Cuts above 0\.805 are not shown to cost more than the cheapest\./);
  // The page prices the listed cuts from their counts; where the tool priced the same cut, both agree.
  const near = (ours, theirs) => assert.ok(Math.abs(ours - theirs) <= 1e-5 * Math.abs(theirs), `${ours} is not ${theirs}`);
  for (const threshold of [undefined, ...data.threshold.candidates.map(row => row.threshold)]) {
    const { cost: priced, threshold: { at } } = await structured(['analyze_evaluation', { ...STATES.costs[1], threshold: threshold ?? .57 }]);
    const mine = await frame.evaluate(([row, prices]) => costPerPart(counts(row), prices), [at, { escape: 10, reject: 1, rate: .01 }]);
    for (const key of ['value', 'low', 'high']) near(mine[key], priced.at.cost_per_part[key]);
  }
  // What is drawn: the marks at their cost, the band around every dot, the shade from 0.805 on.
  const drawn = await frame.evaluate(() => {
    const svg = [...document.querySelectorAll('.plot')].at(-1), of = (node, ...names) => names.map(key => parseFloat(node.getAttribute(key))), top = parseFloat(svg.querySelector('text').parentNode && [...svg.querySelectorAll('text')].filter(t => t.getAttribute('text-anchor') === 'end').at(-1).textContent);
    const price = y => (100 - y) / 100 * top, best = svg.querySelector('.best').parentNode;
    return {
      best: [of(best, 'x')[0], price(of(best, 'y')[0])], now: [of(svg.querySelector('.now'), 'cx')[0], price(of(svg.querySelector('.now'), 'cy')[0])], built: [of(svg.querySelector('.built'), 'cx')[0], price(of(svg.querySelector('.built'), 'cy')[0])],
      nothing: price(of(svg.querySelector('.reject_nothing'), 'y1')[0]), everything: !!svg.querySelector('.reject_everything'), alike: of(svg.querySelector('.alike'), 'x', 'width'),
      reach: [...svg.querySelectorAll('.reach')].map(node => of(node, 'y1', 'y2').map(price)), label: svg.ariaLabel,
    };
  });
  const close = (got, want) => assert.ok(Math.abs(got - want) < .0002 * Math.max(1, want), `${got} drawn for ${want}`);
  for (const [name, mark] of [['cheapest', drawn.best], ['at', drawn.now]]) {
    close(mark[0], 100 * cost[name].threshold);
    close(mark[1], cost[name].cost_per_part.value);
  }
  close(drawn.built[0], 100 * cost.built_in.threshold.min_anomaly_score);
  close(drawn.built[1], cost.built_in.cost_per_part.value);
  close(drawn.nothing, .1);
  assert.equal(drawn.everything, false, 'far above the picture, which is said');
  assert.match(section, /Above the picture: reject everything\./);
  close(drawn.alike[0], cost.indistinguishable.low);
  close(drawn.alike[0] + drawn.alike[1], 1);
  [cost.cheapest, cost.at].forEach(({ cost_per_part: { low, high } }, i) => [close(drawn.reach[i][0], low), close(drawn.reach[i][1], high)]);
  assert.match(drawn.label, /Cost of a part at 7 cuts\. Cheapest cut: 0\.067; The model’s own cut: 0\.084; The cut asked for: 0\.084; Reject nothing: 0\.1; Reject everything: 0\.99\. The table has the intervals and counts\./);
});

test('costs follow the slider and the defect rate, with whatever else was asked', async () => {
  const frame = await show(page, STATES.costs);
  assert.deepEqual(await texts(frame, '.parts > div:has(> section > dl) .metric:has(dt)'), ['Recall of at least 95 % ? not shown 90 % 77 to 96 %', 'False alarms of at most 3 % ✕ refuted 8 % 3.5 to 15 %']);
  assert.match(await text(frame, 'main'), /To show it: 162 further defects without a miss\. The rate as measured does not meet it\./);
  assert.doesNotMatch(await text(frame, 'main'), /further good parts/, 'what is refuted is not to be shown by more images');
  assert.match(await text(frame, 'table.yields >> nth=0'), /Defects escaping\s+1\s+0\.4 to 2\.3\s+4 of 40/);
  assert.match(await text(frame, 'main'), /Of 100 rejects about 11 would be defective \(95 % interval 5 to 21\)\./);
  await frame.locator('#cut').focus();
  await page.keyboard.press('ArrowRight');
  await settled(page);
  const { arguments: { project_name: _, ...given } } = (await calls()).at(-1);
  assert.deepEqual(given, { model_version: '3', defect_rate: .01, cost_of_escape: 10, cost_of_false_reject: 1, threshold: .404125, recall_at_least: .95, false_alarms_at_most: .03 });
  assert.match(await text(frame, 'table.costs'), /The cut asked for\s+0\.404\s+0\.14\s+0\.085 to 0\.24\s+3\s+of 40\s+11\s+of 80/);
  assert.match(await text(frame, 'main'), /Recall of at least 95 %\s+\? not shown\s+92 %\s+80 to 97 %/);
});

test('scores that explain nothing leave three policies to price', async () => {
  const data = await structured(STATES.costs);
  data.threshold = { rule_holds: false };
  for (const name of ['cheapest', 'at', 'difference', 'decided', 'indistinguishable']) delete data.cost[name];
  delete data.cost.built_in.threshold;
  const frame = await show(page, STATES.costs, { result: { content: [], structuredContent: data } });
  assert.deepEqual((await texts(frame, 'table.costs tbody th')), ['○ The model’s own cut', '┈ Reject nothing', '━ Reject everything']);
  assert.equal(await count(frame, '.plot'), 0);
  assert.match(await text(frame, 'section:has(table.costs)'), /No other cut can be priced: no threshold on the scores explains what the model judged\./);
});

test('printed, each picture stays whole and with its caption, the controls go', async () => {
  const frame = await show(page, STATES.costs);
  await page.emulateMedia({ media: 'print' });
  const figures = await frame.evaluate(() => [...document.querySelectorAll('figure')].map(figure => ({
    whole: getComputedStyle(figure).breakInside, plot: figure.querySelector('.plot').getBoundingClientRect().height > 200, caption: figure.querySelector('figcaption').getBoundingClientRect().height > 0,
  })));
  assert.deepEqual(figures, Array(2).fill({ whole: 'avoid', plot: true, caption: true }));
  assert.deepEqual(await frame.evaluate(() => ['#rate', '#cut'].map(id => document.querySelector(id).checkVisibility())), [false, false]);
  assert.ok(await frame.locator('table.costs').isVisible());
  await page.emulateMedia({ media: null });
});

test('perfect: what so few images prove, and no cut to move', async () => {
  const frame = await show(page, STATES.perfect);
  assert.deepEqual(await texts(frame, 'span.range'), ['72 to 100 %', '72 to 100 %', '0 to 28 %', '0.839 to 1', '0.8 to 1', 'no interval: no method gives an interval where every anomalous image ranks alike']);
  assert.equal(await count(frame, '#cut, section .bent'), 0);
  assert.match(await text(frame, 'main'), /No cut to move: the report lists only one, 0\.82\./);
  assert.match(await text(frame, 'main'), /It missed none of the test set\.[^]*It raised none on the test set\./);
  assert.match(await text(frame, '.lead'), /[Nn]o error in /);
});

test('scores that no threshold explains give no cut to move', async () => {
  const data = await structured(STATES.hosted);
  data.threshold.rule_holds = false;
  const frame = await show(page, STATES.hosted, { result: { content: [], structuredContent: data } });
  assert.equal(await count(frame, '#cut, section .bent'), 0);
  assert.match(await text(frame, 'main'), /No cut to move: no threshold on the scores explains what it judged\./);
  assert.match(await text(frame, 'main'), /Of 1,000 parts at 2 % defects\n/, 'at the model’s own cut, which has no score');
  assert.deepEqual(await texts(frame, 'table.yields tbody tr'), ['Defects escaping 2 0.79 to 4.6 4 of 40 10 %', 'Defects caught 18 15 to 19 36 of 40 90 %', 'Good parts rejected 74 34 to 150 6 of 80 8 %', 'Good parts passed 910 830 to 950 74 of 80 92 %']);
});

test('failed: a bad state, and what is critical', async () => {
  const frame = await show(page, STATES.failed);
  assert.deepEqual(await texts(frame, '.chips .bad'), ['✕ TRAINING FAILED when captured']);
  assert.equal((await texts(frame, '.findings li'))[0], '✕ Critical Training had failed; there was no model to use. See the results of version 3 (HOSTED when captured, evaluation files held); no version can be started any more.');
  assert.match(await text(frame, '.said'), /The service said: “Sample: training failed because the images differ/);
  assert.match(await text(frame, 'main'), /Not known: there are no metrics in this record\./);
  assert.deepEqual(await texts(frame, 'h2'), ['How good it is', 'Worth knowing', 'The record']);
});

test('missing: recovered counts are called so, and no cut is known', async () => {
  const frame = await show(page, STATES.missing);
  assert.match(await text(frame, 'main'), /Counts at the model’s own cut, recovered: there is no manifest, and only these counts give the reported metrics\./);
  assert.deepEqual(await texts(frame, 'table.matrix td:has(b)'), ['23 caught 92 % of 25', '2 escaped 8 % of 25', '2 falsely rejected 6 % of 35', '33 passed 94 % of 35']);
  assert.match(await text(frame, 'main'), /No cut to move: the report holds no scores\./);
  await frame.locator('button', { hasText: '5 %' }).click();
  await settled(page);
  assert.deepEqual((await texts(frame, 'table.yields tbody tr')).slice(0, 2), ['Defects escaping 4 1.1 to 12 2 of 25 8 %', 'Defects caught 46 38 to 49 23 of 25 92 %']);
});

test('what is not known is said', async () => {
  const data = await structured(STATES.missing);
  delete data.confusion;
  delete data.metrics;
  data.line = { defect_rate: .05 };
  const frame = await show(page, STATES.missing, { result: { content: [], structuredContent: data }, capabilities: {} });
  assert.match(await text(frame, 'main'), /As reported for 60 test images; without their manifest there are no intervals\./);
  assert.match(await text(frame, 'main'), /What it did with the test images\s+Not known without the evaluation manifest\./);
  assert.deepEqual([await count(frame, '.whisker'), await count(frame, 'line.range')], [5, 0]);
  assert.deepEqual(await texts(frame, 'table.yields tbody tr'), ['Defects escaping 4 8 %', 'Defects caught 46 92 %', 'Good parts rejected not known not known', 'Good parts passed not known not known']);
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
  for (const [name, call] of Object.entries(STATES)) {
    const frame = await show(page, call);
    await frame.evaluate(() => document.querySelectorAll('details').forEach(node => { node.open = true; }));
    const pictures = await frame.evaluate(() => [...document.querySelectorAll('main svg:not(svg svg)')].map(svg => {
      const of = (selector, ...names) => [...svg.querySelectorAll(selector)].map(node => names.map(key => parseFloat(node.getAttribute(key))));
      return {
        kind: svg.getAttribute('class'), hidden: svg.ariaHidden, role: svg.role, label: svg.ariaLabel || '',
        beside: (svg.closest('.question, .metric, td, th') || svg.parentNode).innerText.replace(/\s+/g, ' ').trim(),
        interval: of('line.range', 'x1', 'x2').filter(([from, to]) => from !== to), value: of('circle.value', 'cx'), fill: of('rect.fill', 'width'),
        shape: svg.querySelector('path')?.getAttribute('d'),
      };
    }));
    // Words are rounded: a percentage to whole ones, a fraction to three digits; both are drawn exactly.
    const near = (drawn, said, isShare, what) => assert.ok(Math.abs(drawn - said * (isShare ? 1 : 100)) < .501, `${name}: ${drawn} drawn, ${said} said: ${what}`);
    for (const { kind, hidden, role, label, beside, interval, value, fill } of pictures) {
      if (kind === 'plot') {
        assert.ok(role === 'img' && hidden === null);
        assert.match(label, /At [\d.]+ \d+ % of defects escape, \d+ % of good parts are rejected; the table|Cheapest cut: [\d.]+; [^]*The table has the intervals and counts\./);
        continue;
      }
      assert.equal(hidden, 'true', `${name}: ${kind}`);
      if (kind === 'strip whisker') {
        const isShare = / %/.test(beside.replace(/^(Recall of at least|False alarms of at most) [\d.]+ %/, '')), said = beside.replace(/^(Version \d+|F1)|of at (least|most) [\d.]+ %/, '');
        near(value[0][0], said.match(/([\d.]+)(?! to)/)[1], isShare, beside);
        const ends = [...said.matchAll(/([\d.]+) to ([\d.]+)/g)].map(found => found.slice(1));
        assert.equal(interval.length, ends.length, beside);
        ends.flat().forEach((end, i) => near(interval[0][i], end, isShare, beside));
      } else if (kind === 'strip contrast') {
        assert.match(beside, /points? \([−+±\d.]+ to [−+±\d.]+\), 95 % interval in brackets/);
      } else if (kind === 'bar') {
        const share = beside.match(/([\d.]+) % of/);
        near(fill[0][0], (share || beside.match(/([\d.]+)/))[1], !!share, beside);
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
  const frame = await show(page, STATES.hosted), notes = await count(frame, 'details li');
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
  assert.deepEqual(reached, ['rate', '0.1 %', '1 %', '5 %', 'cut', `${notes} notes`]);
  await frame.locator('summary').focus();
  await page.keyboard.press('Enter');
  assert.equal(await frame.locator('details[open] li').count(), notes);
  await frame.locator('button', { hasText: /^1 %/ }).focus();
  await page.keyboard.press('Space');
  await settled(page);
  assert.match(await text(frame, '.lead'), /At 1 % defects/);
});

test('what is drawn stands out from the ground, in both themes', async () => {
  const drawn = {
    stroke: ['.whisker line.range', '.m-escape', '.m-reject', '.plot .steps', '.plot .stop', '.plot .built', '.plot .reach', '.plot .reject_nothing', '.strip .margin'],
    fill: ['.whisker circle.value', '.bar .fill', '.m-caught', '.m-passed', '.plot .now', '.plot .best'],
    borderTopColor: ['#rate', '.entry button'], outlineColor: ['#rate'], color: ['.escape', '.reject'],
  };
  for (const theme of ['light', 'dark']) {
    const frame = await show(page, STATES.costs, { context: { theme } });
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
  if (typeof value === 'string') return ['kind', 'basis', 'severity', 'baseline', 'model_version', 'verdict', 'replacement', 'requirement', 'margins_given', 'project_name'].includes(key) && value.length <= 20 ? value : `${path} ${HOSTILE}`;
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
  const account = ['status_message', 'model_description.Description', 'model_description.KmsKeyId', 'artifacts.evaluation_manifest', 'labels.1.name', 'examples.missed_defects.images.0.image', 'examples.false_alarms.images.4.image', 'models.1.changed.newly_caught.images.2.image', 'models.3.status', 'source.location', 'findings.0.message'];
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
    evaluate: ['evaluate', 'sample-cap-seal', '3', '--defect-rate', '0.02', '--cost-of-escape', '10', '--cost-of-false-reject', '1'],
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
        assert.match(await text(frame, 'table.yields >> nth=0'), /Defects escaping\s+0\s+0 to 1\.8\s+0 of 40[^]*Good parts rejected\s+820\s+730 to 880\s+67 of 80/);
      }
      assert.deepEqual(opened.faults, []);
      assert.equal(opened.requests.length, 1, 'nothing but the file itself is asked for');
      await opened.close();
    }
  }
});

test('the file without JavaScript shows the facts and its record, accessible and uncut', async () => {
  const folder = await scratch(), path = join(folder, 'still.html');
  cli('evaluate', 'sample-cap-seal', '3', '--defect-rate', '0.02', '--html', path);
  for (const [width, theme] of [[320, 'dark'], [1200, 'light']]) {
    const context = await lab.browser.newContext({ javaScriptEnabled: false, viewport: { width, height: 900 }, colorScheme: theme });
    const opened = await context.newPage();
    await opened.goto(pathToFileURL(path).href);
    assert.match(await opened.locator('main').innerText(), /36 caught\s+4 escaped/);
    assert.match(await opened.locator('main').innerText(), /At 2 % defects/);
    assert.match(await opened.locator('.filed').innerText(), /Written by\s+lfv-mcp [\d.]+, 20/);
    const still = await opened.content();
    await context.close();
    // axe is a script: it looks at what the page without scripts shows, in one that runs it.
    const watched = await lab.browser.newPage({ viewport: { width, height: 900 }, colorScheme: theme });
    await watched.setContent(still.replace(/<script(?![^>]*json)[^]*?<\/script>/g, ''));
    assert.deepEqual(await faults(watched.mainFrame()), []);
    assert.deepEqual(await cut(watched.mainFrame()), []);
    await watched.close();
  }
});

test('hostile text in a file stays text', async () => {
  const folder = await scratch(), path = join(folder, 'hostile.html');
  await writeFile(join(folder, 'answers.json'), JSON.stringify([{ arguments: { project_name: HOSTILE }, result: hostile(await structured(STATES.hosted)) }]));
  execFileSync(PYTHON, ['-c', 'import json, pathlib, sys; from lfv_mcp.server import view; pathlib.Path(sys.argv[2]).write_bytes(view.page_with(json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))).encode("utf-8", "replace"))', join(folder, 'answers.json'), path], { cwd: root });
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
