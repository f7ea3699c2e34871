// Screenshots of the seven states under the host: node shots.mjs DIRECTORY makes those of the docs, and
// what is to be read in each as text, so that a test can tell when a picture is out of date;
// node shots.mjs DIRECTORY all makes every state in both themes, at 320 and 1,200 pixels.
import { mkdir, writeFile } from 'node:fs/promises';
import { STATES, settled, show, start, words } from './harness.mjs';

const DOCS = [  // state, theme, width
  ['hosted', 'light', 1200], ['hosted', 'dark', 1200], ['costs', 'light', 1200], ['segmentation', 'light', 1200], ['failed', 'light', 1200],
  ['perfect', 'light', 1200], ['comparison', 'light', 1200], ['comparison', 'dark', 1200], ['missing', 'light', 1200],
];
const ALL = Object.keys(STATES).flatMap(name => ['light', 'dark'].flatMap(theme => [320, 1200].map(width => [name, theme, width])));

const [directory, all] = process.argv.slice(2);
await mkdir(directory, { recursive: true });
const lab = await start();
try {
  for (const [name, theme, width] of all ? ALL : DOCS) {
    const page = await lab.host(width, theme);
    const frame = await show(page, STATES[name], { context: { theme } });
    if (!all && theme === 'light') await writeFile(`${directory}/${name}.txt`, await words(frame));
    // A frame is painted only where the window shows it.
    await page.setViewportSize({ width, height: await page.evaluate(() => document.querySelector('iframe').offsetHeight) });
    await settled(page);
    const path = `${directory}/${name}-${theme}${all ? `-${width}` : ''}.png`;
    await page.screenshot({ path });
    await page.close();
    console.log(path);
  }
} finally {
  await lab.close();
}
