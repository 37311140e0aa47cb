import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { projectFile } from '../contract/action-files.ts';
import { findCommands } from '../runner/commands.ts';
import { startSimulator } from '../simulator/server.ts';
import { failing, playExample, recipesOf } from './example.ts';
import { openWorkbench, runScript } from './script.ts';

// The scripts of examples on the other way: where something failed, is missing, or is made to hurt.

/** Commands that `gh` was given, one a line, after the nightly render has failed. */
async function noticesOf(openIssue: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gh-'));
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  const simulator = await startSimulator({ recipes: recipesOf({ other: failing }) });
  const gh = `[ "$2" = list ] && echo '${openIssue}'; printf '%s|' "$@" >> '${calls}'; echo >> '${calls}'`;
  const { steps, scripts } = await playExample('nightly-render', simulator, { tools: { gh } });
  await simulator.close();
  expect(steps.map(({ outputs }) => outputs['result'])).toEqual(['failed']);
  expect(scripts.map(({ exitCode }) => exitCode)).toEqual(scripts.map(() => 0));
  const lines = readFileSync(calls, 'utf8').trim().split('\n');
  rmSync(folder, { recursive: true });
  return lines;
}

const body = '--body|Log and summary are at https://github.com/acme/renders/actions/runs/4711|';

test.concurrent(
  'a night that failed opens an issue',
  async () => {
    const [, notice] = await noticesOf('');
    expect(notice).toBe(`issue|create|--title|The nightly render failed|${body}`);
  },
  120_000,
);

test.concurrent(
  'a further night that failed adds to the issue',
  async () => {
    const [, notice] = await noticesOf('12');
    expect(notice).toBe(`issue|comment|12|${body}`);
  },
  120_000,
);

test('a pull request without secrets passes, and says that nothing was checked', async () => {
  const simulator = await startSimulator({ recipes: recipesOf({}) });
  const { steps, scripts } = await playExample('dry-run', simulator, {
    expressions: { 'secrets.DISPERSED_PUBLIC_KEY': '', 'secrets.DISPERSED_SECRET_KEY': '' },
  });
  await simulator.close();
  expect(steps).toEqual([]);
  expect(scripts.map(({ exitCode }) => exitCode)).toEqual([0]);
  expect(findCommands(scripts[0]?.log ?? '')).toMatchObject([
    { name: 'notice', properties: { title: 'The recipe was not checked' } },
  ]);
});

const workflow = z.looseObject({
  jobs: z.record(
    z.string(),
    z.looseObject({ steps: z.array(z.looseObject({ run: z.string().optional() })) }),
  ),
});

/** Runs the one script of an example that has this in it. */
async function playScriptOf(name: string, part: string, env: Readonly<Record<string, string>>) {
  const { jobs } = workflow.parse(parse(projectFile(`examples/${name}.yml`)));
  const scripts = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run }) => run ?? ''));
  const bench = openWorkbench({});
  const run = scripts.find((script) => script.includes(part)) ?? '';
  const played = await runScript({ run }, env, bench);
  bench.remove();
  return played;
}

/** Writes the table of the sweep from the file of the output `jobs-path`. */
async function tableOf(jobs: readonly unknown[]) {
  const folder = mkdtempSync(join(tmpdir(), 'jobs-'));
  const file = join(folder, 'jobs.json');
  writeFileSync(file, JSON.stringify(jobs));
  const played = await playScriptOf('sweep', '<table>', { JOBS: file });
  rmSync(folder, { recursive: true });
  return played;
}

test('the table of the sweep is whole, whatever the containers print', async () => {
  const hostile = { accuracy: '<img src=x>' };
  const jobs = [
    { title: 'Shard <b>0</b>\n\n# |', result: 'succeeded', run_seconds: 3, results: hostile },
    { title: 'Shard 1', result: 'succeeded', run_seconds: 4.5, results: { accuracy: 0.5 } },
    { title: 'Shard 2', result: 'error', run_seconds: null, results: {} },
  ];
  const { exitCode, log, summary } = await tableOf(jobs);
  expect({ exitCode, log }).toEqual({ exitCode: 0, log: '' });
  expect(summary.split('\n').slice(1, -2)).toEqual([
    '<tr><td>Shard 1<td>succeeded<td>4.5<td>0.5',
    '<tr><td>Shard 2<td>error<td>–<td>–',
    '<tr><td>Shard &lt;b&gt;0&lt;/b&gt; # |<td>succeeded<td>3<td>&lt;img src=x&gt;',
  ]);
});

test('the table of the sweep is empty where nothing was cooked', async () => {
  const { exitCode, summary } = await tableOf([]);
  expect(exitCode).toBe(0);
  expect(summary.split('\n')).toHaveLength(3);
});
