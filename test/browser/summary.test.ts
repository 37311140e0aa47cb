import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/report/summary.ts';
import { checkSummary } from './check.ts';
import { dryRunSummary } from './dry-run.ts';
import { chromiumPath, openSheet, show, type Sheet, type Theme } from './browser.ts';
import { githubHtml } from './github.ts';
import { gpuSteps, scenes } from './scenes.ts';

// The summaries in a real browser, as GitHub shows them; the pictures are in test/browser/out.

const pictures = fileURLToPath(new URL('out', import.meta.url));

// What a summary of ours is made of.
const ownElements =
  'article, h3, h4, p, table, tbody, tr, th, td, code, pre, samp, details, summary, br, b, strong, span, a[href="https://console.dispersed.com/jobs"], a[href^="https://github.com/acme/renders/actions/runs/"]';

// GitHub's page, and a phone.
const widths = [1012, 390];
const themes: readonly Theme[] = ['light', 'dark'];

if (chromiumPath === null)
  console.warn('No Chromium on this machine (see CHROME_PATH): the browser test is skipped');

(chromiumPath === null ? describe.skip : describe)('in a browser', () => {
  let sheet: Sheet;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    sheet = await openSheet(chromiumPath ?? '');
  }, 60_000);

  afterAll(async () => sheet.close());

  const shown: Readonly<Record<string, () => Promise<string>>> = {
    ...Object.fromEntries(
      Object.entries(scenes).map(([name, outcomes]) => [name, async () => renderSummary(outcomes)]),
    ),
    'dry-run': dryRunSummary,
    'gpu-steps': async () => renderSummary(gpuSteps, { stopsWithJob: true }),
    check: async () => checkSummary(),
  };

  test.each(Object.entries(shown))(
    '%s is drawn, and nothing foreign comes to life',
    async (name, make) => {
      const { page, requests, complaints } = sheet;
      const html = githubHtml(await make());
      for (const theme of themes) {
        for (const width of widths) {
          await page.setViewportSize({ width, height: 600 });
          await show(page, html, theme);
          await page.screenshot({
            path: `${pictures}/${name}-${theme}-${width}.png`,
            fullPage: true,
          });
        }
      }
      expect(await page.locator(`article :not(${ownElements})`).count()).toBe(0);
      expect(await brokenUuids(sheet)).toEqual([]);
      expect({ requests, complaints }).toEqual({ requests: [], complaints: [] });
    },
    30_000,
  );

  test('a phone shows the whole timeline, and of each job status, title and cost', async () => {
    const { page } = sheet;
    await page.setViewportSize({ width: 390, height: 600 });
    await show(page, githubHtml(renderSummary(scenes['twelve-jobs'] ?? [])));
    const code = await page.locator('code.language-text').boundingBox();
    const pre = await page.locator('pre:has(code.language-text)').boundingBox();
    const paddingPx = 32;
    expect(code?.width).toBeLessThanOrEqual((pre?.width ?? 0) - paddingPx);
    const cells = await page.locator('table').first().locator('td:nth-child(-n+3)').all();
    const boxes = await Promise.all(cells.map(async (cell) => cell.boundingBox()));
    expect(boxes).toHaveLength(3 * 12);
    const ends = boxes.map((box) => (box === null ? Infinity : box.x + box.width));
    expect(Math.max(...ends)).toBeLessThanOrEqual(390 - 24);
  }, 30_000);

  test('this test would notice a picture, and a UUID that breaks', async () => {
    await show(sheet.page, githubHtml('![x](https://evil.example/x.png)'));
    expect(await sheet.page.locator(`article :not(${ownElements})`).count()).toBe(1);
    expect(sheet.requests).toEqual(['https://evil.example/x.png']);
    const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
    const cells = `<td>${'word '.repeat(200)}</td><td nowrap><code>${uuid}</code></td>`;
    await show(sheet.page, githubHtml(`<table><tr>${cells}</tr></table>`));
    expect(await brokenUuids(sheet)).toEqual([uuid]);
  }, 30_000);
});

/** UUIDs in columns that are kept and that take more than one line. */
async function brokenUuids({ page }: Sheet): Promise<readonly string[]> {
  const codes = await page.locator('td[nowrap] :is(samp, code)').all();
  const heights = await Promise.all(
    codes.map(async (code) => ({
      text: await code.innerText(),
      height: (await code.boundingBox())?.height ?? 0,
    })),
  );
  // One line is some 20 pixels.
  return heights
    .filter(({ text, height }) => /^[0-9a-f-]{36}$/.test(text) && height > 30)
    .map(({ text }) => text);
}
