// The page's numbers in words against lfv_mcp/figures.py and lfv_mcp/metrics: node --test figures.test.mjs
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PYTHON = process.env.PYTHON || `${root}.venv/bin/python`;

/** The page's own functions: what stands between its two marks, and the check of what is known. */
const page = readFileSync(`${root}lfv_mcp/server/view.html`, 'utf8');
const source = page.match(/\/\/ --- Figures,[^]*?\/\/ --- End of figures/)[0];
const names = ['countOf', 'twoDigits', 'percent', 'percentRange', 'percentRangeBeside', 'limitInPercent', 'points', 'pointsUpward', 'fraction', 'probability', 'plainNumber', 'shareOfLine', 'score', 'rangeOfCuts', 'ofHundred', 'signedEstimate', 'wilson', 'costPerPart'];
const ours = runInNewContext(`const num = v => Number.isFinite(v) ? v : undefined, known = (...v) => v.every(x => x !== undefined);\n${source}\n({ ${names.join(', ')} })`);

/** Answers of Python to many questions at one time: [name, arguments] each. */
function python(questions) {
  const program = `
import json, sys
from lfv_mcp import figures
from lfv_mcp.metrics.cost import Prices, cost_per_part
from lfv_mcp.metrics.counts import Confusion
from lfv_mcp.metrics.intervals import wilson_interval

def wilson(k, n):
    interval = wilson_interval(k, n)
    return [interval.low, interval.high]

def cost(counts, prices):
    priced = cost_per_part(Confusion(*counts), Prices(*prices))
    return [priced.value, priced.interval.low, priced.interval.high] if hasattr(priced, "value") else None

answer = {"wilson": wilson, "cost": cost}
print(json.dumps([(answer.get(name) or getattr(figures, name))(*given) for name, given in json.load(sys.stdin)]))`;
  return JSON.parse(execFileSync(PYTHON, ['-c', program], { cwd: root, input: JSON.stringify(questions), encoding: 'utf8', maxBuffer: 1 << 28 }));
}

/** Numbers that repeat from run to run (mulberry32). */
function seeded(seed) {
  return () => {
    seed = seed + 0x6D2B79F5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}
const random = seeded(20251031);
const whole = most => Math.floor((most + 1) * random());

// Ends, ties (of which binary fractions are the only exact ones), carries, and the hardly nothing.
const SHARES = [0, 1, .5, .125, .375, .625, .875, .005, .015, .025, .995, .9949, .9951, .0049, .0005, .00049, .9995, .9996, 1e-9, 2e-5, 1 - 2.5e-7, 1 / 3,
  ...Array.from({ length: 65 }, (_, i) => i / 64), ...Array.from({ length: 600 }, random), ...Array.from({ length: 400 }, () => { const n = 1 + whole(400); return whole(n) / n; })];
const SIZES = [0, 1, 45, 999, 1000, 40_000];
const AMOUNTS = [0, 1, 2, 9.95, 9.96, 99.5, 99.6, 105, 115, 125, 12_500, 74_250, 454.545, .0123, .0125, .00015, 2 ** -12, 1e-7, 1e9, -3, -.0785, -12.5,
  ...Array.from({ length: 1500 }, () => (random() - .2) * 10 ** (12 * random() - 5)), ...Array.from({ length: 200 }, (_, i) => i * 2.5)];

const SAID = {
  twoDigits: ['two_digits', AMOUNTS.map(x => [x])],
  percent: ['percent', SHARES.flatMap(x => SIZES.map(n => [x, n]))],
  percentRange: ['percent_range', SHARES.slice(1).flatMap((x, i) => [[SHARES[i], x, 45], [SHARES[i], x, 4000]])],
  percentRangeBeside: ['percent_range_beside', SHARES.slice(1).flatMap((x, i) => [[SHARES[i], x, x, 45], [SHARES[i], x, SHARES[i] + 1e-4, 45], [x, x + 3e-7, x + 1e-7, 4000]]).concat([[.9497, .99, .95, 45], [.9497, .99, .9, 45], [.1, .0500000001, .05, 80]])],
  limitInPercent: ['limit_in_percent', SHARES.filter(x => x > 1e-6).concat(0, .95, .995).map(x => [x])],
  points: ['points', SHARES.map(x => { const reach = .2 * random(); return [x - .5, x - .5 - reach, x - .5 + reach * random()]; }).concat([[.01, -.02, .0499], [-.01, -.2, .1], [0, -.0229, .0229], [.0005, 0, .05]])],
  pointsUpward: ['points_upward', SHARES.filter(x => x < .3).concat(.03, .0783542, .0064, .2, .044, 1e-6).map(x => [x])],
  fraction: ['fraction', SHARES.map(x => [x])],
  probability: ['probability', SHARES.concat(.001953125, .00098, 1e-4, 9.9e-5).map(x => [x])],
  plainNumber: ['plain_number', AMOUNTS.concat(999_999.7, 999_999.4, -2.5e6, 1e-13, 1.5e-5, 340).map(x => [x])],
  shareOfLine: ['share_of_line', SHARES.map(x => [x])],
  score: ['score', SHARES.concat(AMOUNTS).map(x => [x])],
  rangeOfCuts: ['range_of_cuts', SHARES.concat(AMOUNTS.filter(x => Math.abs(x) < 1e6)).flatMap(x => { const y = x + random() * 10 ** (-5 * random()), z = x + 1e-3; return [[x, y], [x, z], [null, y], [x, null]]; }).concat([[.492, .804924], [.4996, .502], [.4906, .4914], [-3e-4, 2], [null, null]])],
  ofHundred: ['of_hundred', SHARES.map(x => [x])],
  signedEstimate: ['signed_estimate', AMOUNTS.map(x => [x])],
  countOf: ['count_of', [0, 1, 2, 999, 1000, 1_204_567].map(n => [n, 'escape', 'escapes'])],
};
for (const [name, [theirs, given]] of Object.entries(SAID)) {
  test(`${name} says what figures.${theirs} says`, () => {
    const expected = python(given.map(args => [theirs, args]));
    assert.ok(given.length > 5);
    given.forEach((args, i) => assert.equal(String(ours[name](...args)), String(expected[i]), JSON.stringify(args)));
  });
}

const near = (ours, theirs, what) => assert.ok(Math.abs(ours - theirs) <= 1e-12 * Math.max(1, Math.abs(theirs)), `${ours} is not ${theirs}: ${what}`);

test('intervals of shares are those of metrics.intervals', () => {
  const given = [[0, 1], [1, 1], [0, 10], [10, 10], [43, 45], ...Array.from({ length: 2000 }, () => { const n = 1 + whole(2000); return [whole(n), n]; })];
  python(given.map(args => ['wilson', args])).forEach((ends, i) => ends.forEach((end, side) => near(ours.wilson(...given[i])[side], end, given[i])));
});

test('a cut costs what metrics.cost says, with the same interval', () => {
  const given = [[[36, 6, 4, 74], [10, 1, .01]], [[33, 4, 7, 76], [10, 1, .01]], [[0, 0, 0, 5], [1, 1, .5]], [[5, 0, 0, 0], [1, 1, .5]],
    ...Array.from({ length: 2000 }, () => [Array.from({ length: 4 }, () => random() < .15 ? 0 : whole(random() < .5 ? 20 : 2000)), [random() < .1 ? 0 : 1000 * random(), 10 * random(), random() < .1 ? whole(1) : random() ** 3]])];
  python(given.map(args => ['cost', args])).forEach((theirs, i) => {
    const [[tp, fp, fn, tn], [escape, reject, rate]] = given[i];
    const priced = ours.costPerPart({ tp, fp, fn, tn, defects: tp + fn, good: fp + tn }, { escape, reject, rate });
    if (theirs === null) return assert.equal(priced, undefined, given[i]);
    theirs.forEach((number, k) => near([priced.value, priced.low, priced.high][k], number, JSON.stringify(given[i])));
  });
});
