import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/report/summary.ts';
import { chromiumPath, openSheet, show, type Sheet } from './browser.ts';
import { githubHtml } from './github.ts';
import { scenes } from './scenes.ts';

// The summaries in a real browser, as GitHub shows them; the pictures are in test/browser/out.

const pictures = fileURLToPath(new URL('out', import.meta.url));

// What a summary of ours is made of, outside of its diagrams.
const ownElements =
  'article, h3, p, table, thead, tbody, tr, th, td, code, pre, details, summary, br, strong, figure, figure *';

if (chromiumPath === null)
  console.warn('No Chromium on this machine (see CHROME_PATH): the browser test is skipped');

(chromiumPath === null ? describe.skip : describe)('in a browser', () => {
  let sheet: Sheet;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    sheet = await openSheet(chromiumPath ?? '');
  }, 60_000);

  afterAll(async () => sheet.close());

  test.each(Object.entries(scenes))(
    '%s is drawn, and nothing foreign comes to life',
    async (name, outcomes) => {
      const { page, requests, complaints } = sheet;
      // Throws where mermaid finds a fault in a diagram.
      await show(page, githubHtml(renderSummary(outcomes)));
      await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
      const count = async (selector: string) => page.locator(selector).count();
      expect(await count('figure[data-type="gantt"] svg')).toBe(1);
      expect(await count('figure .task')).toBeGreaterThan(1);
      expect(await count('svg[aria-roledescription="error"], .error-icon, .language-mermaid')).toBe(
        0,
      );
      expect(await count('figure :is(a, image, script, foreignObject, iframe)')).toBe(0);
      expect(await count(`article :not(${ownElements})`)).toBe(0);
      expect({ requests, complaints }).toEqual({ requests: [], complaints: [] });
    },
    30_000,
  );

  test('every job has a row of its own in the diagram', async () => {
    await show(sheet.page, githubHtml(renderSummary(scenes['twelve-jobs'] ?? [])));
    expect(await sheet.page.locator('figure .sectionTitle').count()).toBe(12);
  }, 30_000);

  test('this test would notice a fault in a diagram, and a picture', async () => {
    const broken = '```mermaid\ngantt\n  section x\n  # : 1, ; 2\n  nonsense\n```\n';
    await expect(show(sheet.page, githubHtml(broken))).rejects.toThrow(/arse error/);
    await show(sheet.page, githubHtml('![x](https://evil.example/x.png)'));
    expect(await sheet.page.locator(`article :not(${ownElements})`).count()).toBe(1);
    expect(sheet.requests).toEqual(['https://evil.example/x.png']);
  }, 30_000);
});
