import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { findCommands } from '../runner/commands.ts';
import { projectFile } from './action-files.ts';

// The scripts of examples and of the release, run as the runner does, on what a container or an
// artifact made to hurt.

const workflow = z.looseObject({
  jobs: z.record(
    z.string(),
    z.looseObject({ steps: z.array(z.looseObject({ run: z.string().optional() })) }),
  ),
});

function scriptOf(file: string, piece: string): string {
  const { jobs } = workflow.parse(parse(projectFile(file)));
  const scripts = Object.values(jobs).flatMap(({ steps }) =>
    steps.map(({ run: script }) => script ?? ''),
  );
  return scripts.find((script) => script.includes(piece)) ?? '';
}

/** Runs a script as `shell: bash` does. @param gh what stands in for GitHub's client */
function run(script: string, env: Readonly<Record<string, string>> = {}, gh = 'exit 1') {
  const folder = mkdtempSync(join(tmpdir(), 'script-'));
  writeFileSync(join(folder, 'gh'), `#!/bin/bash\n${gh}\n`);
  chmodSync(join(folder, 'gh'), 0o755);
  const output = join(folder, 'output');
  writeFileSync(output, '');
  let log = '';
  let code = 0;
  try {
    log = execFileSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, GITHUB_OUTPUT: output, ...env },
    });
  } catch (error) {
    const failure = z.looseObject({ status: z.number(), stdout: z.string() }).parse(error);
    [code, log] = [failure.status, failure.stdout];
  }
  return { code, log, output: readFileSync(output, 'utf8') };
}

const attack = '\n::error::PWNED ##[add-mask]PWNED\n::stop-commands::x';

describe('the gate before a deploy', () => {
  const gate = scriptOf('examples/gpu-gate.yml', 'exit-status');

  test.each<[string, unknown, boolean]>([
    ['enough', 0.93, true],
    ['just enough', 0.9, true],
    ['too little', 0.89, false],
    ['a text', '0.12', false],
    ['a text that is enough', '0.95', false],
    ['a list', [0.95], false],
    ['a mapping', { a: 1 }, false],
    ['true', true, false],
    ['null', null, false],
    ['nothing', undefined, false],
    ['a command', attack, false],
    ['a list of commands', [attack, '##[add-mask]x'], false],
  ])('%s', (_, accuracy, passes) => {
    const { code, log } = run(gate, { RESULTS: JSON.stringify({ accuracy }) });
    expect(code === 0).toBe(passes);
    expect(findCommands(log)).toEqual([]);
  });

  test('and without results', () => {
    expect(run(gate, { RESULTS: '' }).code).not.toBe(0);
  });
});

test('the nightly render prints what the service says as no command', () => {
  const job = { job_uuid: attack, title: attack, status: attack, result: 'failed', run_seconds: 1 };
  const jobs = join(mkdtempSync(join(tmpdir(), 'jobs-')), 'jobs.json');
  writeFileSync(jobs, JSON.stringify([job, { ...job, title: 'Shard 1' }]));
  const env = { RESULT: 'failed', JOBS: jobs };
  const { code, log } = run(scriptOf('examples/nightly-render.yml', 'JOBS'), env);
  expect(code).toBe(0);
  expect(log).toContain('PWNED');
  expect(findCommands(log)).toEqual([]);
});

describe('the morning after', () => {
  const morning = scriptOf('examples/morning.yml', 'gh run');
  const uuid = '0198ac1c-7063-4be8-bb94-57a5bd83548e';
  const env = { GITHUB_REF_NAME: 'main' };
  const ghWith = (artifact: string) =>
    `if [ "$2" = list ]; then echo "$@" > asked; echo 7; else cat > job-uuids.json <<'EOT'\n${artifact}\nEOT\nfi`;

  test('takes UUIDs', () => {
    const { code, output } = run(morning, env, ghWith(JSON.stringify([uuid, null])));
    expect({ code, output }).toEqual({ code: 0, output: `job-uuids=["${uuid}"]\n` });
  });

  test.each([
    ['other texts', JSON.stringify([uuid, 'a', `${uuid}\nresult=x`, 1, [uuid]])],
    ['a second document', `["${uuid}"]\n["a"]\nresult=x`],
    ['no JSON', `["${uuid}"]\njob-uuids<<x`],
    ['no list', '7'],
  ])('and nothing else: %s', (_, artifact) => {
    const { output } = run(morning, env, ghWith(artifact));
    expect(['', `job-uuids=["${uuid}"]\n`]).toContain(output);
  });

  test('of this branch and its schedule alone', () => {
    expect(morning.replaceAll(/\\\n\s+/g, '')).toContain(
      '--workflow evening.yml --branch "$GITHUB_REF_NAME" --event schedule --status success',
    );
  });
});

describe('a release moves the tag of its major version', () => {
  const release = scriptOf('.github/workflows/release.yml', 'matching-refs');
  const gh = (tags: readonly string[]) =>
    `case "$*" in *matching-refs*) printf 'refs/tags/%s\\n' ${tags.join(' ')};; *) echo "$@" >> "$GITHUB_OUTPUT";; esac`;
  const move = (tag: string, tags: readonly string[]) => {
    const env = { GITHUB_REF_NAME: tag, GITHUB_SHA: 'abc', GH_REPO: 'a/b' };
    return run(release, env, gh(tags)).output.includes('PATCH');
  };

  test.each<[string, readonly string[], boolean]>([
    ['v1.2.0', ['v1.2.0'], true],
    ['v1.10.0', ['v1.2.0', 'v1.9.3', 'v1.10.0'], true],
    ['v1.2.1', ['v1.2.0', 'v1.2.1', 'v1.10.0'], false],
    ['v1.3.0', ['v1.2.0', 'v1.3.0', 'v1.4.0-rc.1'], true],
  ])('%s among %p: %p', (tag, tags, moves) => {
    expect(move(tag, tags)).toBe(moves);
  });
});
