import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** The Chromium of this machine; null where there is none. */
export const chromiumPath =
  [
    process.env['CHROME_PATH'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ].find((path) => path !== undefined && existsSync(path)) ?? null;

/** A page of GitHub's width without a network, and what it tried to load all the same. */
export interface Sheet {
  readonly page: Page;
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
  readonly close: () => Promise<void>;
}

/** Starts a browser of its own, which knows nothing and leaves nothing. */
export async function openSheet(executablePath: string): Promise<Sheet> {
  const profile = mkdtempSync(join(tmpdir(), 'summary-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
    offline: true,
    viewport: { width: 1012, height: 600 },
  });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  await page.route('**/*', async (route) => {
    requests.push(route.request().url());
    await route.abort();
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { page, requests, complaints, close };
}

/** Light or dark, as GitHub offers them. */
export type Theme = 'light' | 'dark';

const styleOf = (theme: Theme) =>
  readFileSync(join(modules, 'github-markdown-css', `github-markdown-${theme}.css`), 'utf8');

// What github-markdown-css leaves out.
const backgrounds: Readonly<Record<Theme, string>> = { light: '#fff', dark: '#0d1117' };

/** Shows HTML as the body of a summary. */
export async function show(page: Page, html: string, theme: Theme = 'light'): Promise<void> {
  const style = `${styleOf(theme)} body { background: ${backgrounds[theme]}; margin: 16px 24px }`;
  await page.setContent(
    `<!doctype html><style>${style}</style><article class="markdown-body">${html}</article>`,
  );
}
