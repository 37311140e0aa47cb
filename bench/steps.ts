import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startStep, type RunningStep } from '../test/runner/step.ts';
import { startSimulator } from '../test/simulator/server.ts';
import type { Phase, Simulator } from '../test/simulator/types.ts';

// Figures of the committed bundle in a process of its own, against the simulator.

const latencyMs = 50;

/** Times in ms from the start of the process to the arrival of the first and the 100th cook, at 50 ms latency. */
export async function measureCooks(): Promise<{
  readonly first: number;
  readonly hundredth: number;
}> {
  const simulator = await open([{ status: 'COMPLETED' }]);
  const startedAt = Date.now();
  await start(simulator, 100, { wait: 'false' }).done;
  const cooks = simulator.requests.filter(({ method }) => method === 'POST');
  await simulator.close();
  const arrival = (index: number) => (cooks[index]?.atMs ?? Number.NaN) - startedAt;
  return { first: arrival(0), hundredth: arrival(99) };
}

/** Peak memory of the process in MB while it watches so many jobs; NaN where the system does not tell. */
export async function measureMemory(jobCount: number): Promise<number> {
  const simulator = await open([{ status: 'RUNNING', forMs: 8_000 }, { status: 'COMPLETED' }]);
  const step = start(simulator, jobCount, { 'poll-interval': '1s' });
  let peakMb = Number.NaN;
  const timer = setInterval(() => {
    peakMb = peakMemoryMb(step.process.pid) ?? peakMb;
  }, 20);
  await step.done;
  clearInterval(timer);
  await simulator.close();
  return peakMb;
}

/** Time in ms from SIGINT to the arrival of the last cancel of 5 jobs, at 50 ms latency. */
export async function measureInterrupt(): Promise<number> {
  const simulator = await open([{ status: 'RUNNING' }]);
  const step = start(simulator, 5, { 'poll-interval': '1s' });
  // All are cooked by then: recipe and prices are read before.
  const looks = () => simulator.requests.filter(({ path }) => path === '/v1/jobs').length;
  while (simulator.jobs().length < 5 || looks() < 2) await delay(10);
  const signalledAt = Date.now();
  step.process.kill('SIGINT');
  await step.done;
  const cancels = simulator.requests.filter(({ method }) => method === 'PUT');
  await simulator.close();
  if (cancels.length !== 5) throw new Error(`expected 5 cancels, not ${cancels.length}`);
  return Math.max(...cancels.map(({ atMs }) => atMs)) - signalledAt;
}

async function open(life: readonly Phase[]): Promise<Simulator> {
  return startSimulator({ recipes: [{ name: 'Bench', life }], latencyMs });
}

function start(
  simulator: Simulator,
  jobCount: number,
  inputs: Record<string, string>,
): RunningStep {
  return startStep({
    with: {
      recipes: Array.from({ length: jobCount }, () => simulator.recipeUuids[0]).join('\n'),
      'public-key': simulator.publicKey,
      'secret-key': simulator.secretKey,
      'api-url': simulator.url,
      ...inputs,
    },
  });
}

// The kernel keeps the peak; only Linux tells.
function peakMemoryMb(pid: number | undefined): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kb = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch {
    return undefined;
  }
}
