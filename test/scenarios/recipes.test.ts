import { describe, expect, test } from '@jest/globals';
import { completing, endless, openSimulator, play, playOn, type Played } from './play.ts';

const uuid = '01a0114e-e7f8-4e76-a07a-f09fca41e2be';
const other = '0198ac1c-7063-4be8-bb94-57a5bd83548e';
const resultOf = ({ main }: Played) => main.outputs.get('result');
const cooks = ({ simulator }: Pick<Played, 'simulator'>) =>
  simulator.requests.filter(({ method }) => method === 'POST');

describe('recipes are read before anything is cooked', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['of a server with max-parallel', { 'max-parallel': '2' }, /max-parallel: cannot be used/],
    ['of a BATCH job without a limit', {}, /max-timeout-run: is required for `task: BATCH`/],
    [
      'without the port of ready-check',
      { 'ready-check': '8080/' },
      /ready-check: checks port 8080/,
    ],
  ])('one %s stops all of them', async (what, inputs, problem) => {
    const isServer = !what.includes('BATCH');
    const parameters = { type: 'docker' as const, parameters: { ports: [22] } };
    const payload = isServer
      ? { task: 'PERSISTENT' as const, parameters }
      : { max_timeout_run_ms: null };
    const played = await play({
      recipes: [
        { ...completing, uuid: other },
        { ...endless, uuid, payload },
      ],
      inputs,
    });
    expect(cooks(played)).toEqual([]);
    expect(resultOf(played)).toBe('error');
    expect(played.main.annotations).toHaveLength(1);
    expect(played.main.annotations[0]?.title).toContain('nothing was cooked');
    expect(played.main.annotations[0]?.message).toMatch(problem);
    expect(played.post.annotations).toEqual([]);
  });

  test('what is wrong with several is one annotation, and post has nothing to look for', async () => {
    const recipes = [
      { ...completing, uuid },
      { ...endless, uuid: other, payload: { max_timeout_run_ms: null } },
    ];
    const simulator = await openSimulator({ recipes });
    const unknown = '00000000-0000-4000-8000-000000000000';
    const played = await playOn(simulator, {
      inputs: { recipes: [uuid, other, unknown].join('\n') },
      withPost: false,
    });
    const before = simulator.requests.length;
    await playOn(simulator, { inputs: { recipes: [uuid, unknown].join('\n') } });
    await simulator.close();
    expect(cooks({ simulator })).toEqual([]);
    expect(played.main.annotations).toHaveLength(1);
    expect(played.main.annotations[0]?.title).toBe(
      '2 problems with the recipes; nothing was cooked',
    );
    // Two reads in main, and none in post.
    expect(simulator.requests.length - before).toBe(2);
    expect(JSON.parse(played.main.outputs.get('job-uuids') ?? '')).toEqual([null, null, null]);
  });

  test('one that may not be read is cooked all the same where nothing of it is needed', async () => {
    const faults = [
      {
        method: 'GET',
        path: '/v1/job-recipes/*',
        times: Infinity,
        kind: { type: 'status', status: 403 },
      },
    ] as const;
    const played = await play({ simulator: { faults } });
    expect(resultOf(played)).toBe('succeeded');
    const needy = await play({ simulator: { faults }, inputs: { env: 'A=b' } });
    expect(cooks(needy)).toEqual([]);
    expect(needy.main.annotations.map(({ title }) => title)).toEqual([
      expect.stringMatching(/^Could not read recipe .*: access denied$/),
    ]);
  });
});

describe('a pinned recipe', () => {
  const pinsIn = ({ main }: Played) =>
    main.lines.flatMap((line) => /^Recipe (\S+@sha256:[0-9a-f]{64})$/.exec(line)?.[1] ?? []);

  test('is cooked whole where it is as the log of a dry run has printed it', async () => {
    const simulator = await openSimulator({ recipes: [{ ...completing, uuid }] });
    const dry = await playOn(simulator, { inputs: { 'dry-run': 'true' } });
    const [pin = ''] = pinsIn(dry);
    const played = await playOn(simulator, { inputs: { recipes: pin } });
    await simulator.close();
    expect(resultOf(played)).toBe('succeeded');
    expect(pinsIn(played)).toEqual([pin]);
    const body = cooks({ simulator })[0]?.body;
    expect(body).toMatchObject({ task: 'BATCH', parameters: { type: 'docker' } });
  });

  test('that has changed keeps all from being cooked', async () => {
    const pin = `${uuid}@sha256:${'0'.repeat(64)}`;
    const recipes = [
      { ...completing, uuid },
      { ...completing, uuid: other },
    ];
    const played = await play({ recipes, inputs: { recipes: `${other}\n${pin}` } });
    const now = pinsIn(played).find((each) => each.startsWith(uuid)) ?? '';
    expect(cooks(played)).toEqual([]);
    expect(resultOf(played)).toBe('error');
    const [annotation, ...others] = played.main.annotations;
    expect(others).toEqual([]);
    expect(annotation?.message).toContain(`sha256:${'0'.repeat(64)}`);
    expect(annotation?.message).toContain(now.split('@')[1]);
    expect(annotation?.message).toContain('In the console, compare the recipe');
  });
});
