import type { Dice } from './dice.ts';
import type { Sent } from './network.ts';
import type { Effect, Fault, RequestKind, Strike, Weather } from './plan.ts';

const page = '<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head></html>\n';

const problem = (status: number) =>
  JSON.stringify({ error: { code: `status_${status}`, message: `The service answers ${status}` } });

/** Draws something that goes wrong with a request of a kind. */
export function drawFault(dice: Dice, kind: RequestKind): Fault {
  const effect = drawEffect(dice, kind);
  return { taken: drawTaken(dice, kind, effect), lateMs: dice.span(1_000, 90_000), effect };
}

function drawEffect(dice: Dice, kind: RequestKind): Effect {
  const status = dice.weighted<number>(
    [2, 500],
    [4, 502],
    [4, 503],
    [3, 504],
    [2, 408],
    [5, 429],
    [1, 401],
    [kind === 'read' || kind === 'cancel' ? 3 : 0, 404],
    [kind === 'cook' ? 0.5 : 0, 422],
  );
  const retryAfter = dice.weighted<string | undefined>(
    [6, undefined],
    [1, '1'],
    [1, '30'],
    [1, '120'],
    [2, '3600'],
  );
  const isHtml = status >= 500 && dice.chance(0.5);
  const answer = { type: 'answer', status, text: isHtml ? page : problem(status) } as const;
  return dice.weighted<Effect>(
    [3, { type: 'unreachable', afterMs: dice.weighted([3, 20], [1, 10_000]) }],
    [3, { type: 'reset' }],
    [1.5, { type: 'hang' }],
    [1, { type: 'answer', status: 200, text: page }],
    [0.7, { type: 'answer', status: 200, text: '' }],
    [0.7, { type: 'answer', status: 200, text: '{"object":"job","uuid":' }],
    [12, status >= 429 && retryAfter !== undefined ? { ...answer, retryAfter } : answer],
  );
}

// What is refused was not taken; of the rest nobody knows.
function drawTaken(dice: Dice, kind: RequestKind, effect: Effect): Fault['taken'] {
  if (effect.type === 'unreachable') return 'no';
  const isRefused =
    effect.type === 'answer' &&
    effect.status >= 400 &&
    effect.status < 500 &&
    effect.status !== 408;
  if (isRefused || kind === 'read' || kind === 'list') return 'no';
  return dice.weighted<Fault['taken']>([5, 'yes'], [4, 'no'], [kind === 'cook' ? 1.2 : 0, 'late']);
}

const longestLifeMs = 900_000;

/** Draws what goes wrong in a life: in many nothing, in some a lot. */
export function drawWeather(dice: Dice): Weather {
  const kinds: readonly RequestKind[] = [
    'cook',
    'cook',
    'cook',
    'cancel',
    'read',
    'list',
    'recipe',
  ];
  const strikes = dice.weighted([3, 0], [3, 1], [2, 2], [1, 4]);
  const outages = dice.weighted([6, 0], [2, 1], [1, 2]);
  if (dice.chance(0.3)) return { blips: 0, outages: [], strikes: [] };
  if (dice.chance(0.06)) return { blips: 0, outages: [], strikes: [noCookAnswered(dice)] };
  return {
    blips: dice.weighted([5, 0], [3, 0.03], [2, 0.1], [0.7, 0.3]),
    outages: Array.from({ length: outages }, () => drawOutage(dice)),
    strikes: Array.from({ length: strikes }, () => {
      const kind = dice.pick(kinds);
      const nth = dice.weighted([4, 1], [2, 2], [1, 3], [1, dice.int(4, 9)]);
      const times = dice.weighted([5, 1], [2, 2], [1, 3], [0.7, 1_000]);
      return { kind, nth, times, fault: drawFault(dice, kind) };
    }),
  };
}

// A gateway that answers for a service which is gone, or which is there all the same.
function noCookAnswered(dice: Dice): Strike {
  const effect = { type: 'answer', status: 502, text: page } as const;
  const taken = dice.weighted<Fault['taken']>([3, 'no'], [1, 'yes']);
  return { kind: 'cook', nth: 1, times: 1_000, fault: { taken, lateMs: 0, effect } };
}

function drawOutage(dice: Dice) {
  const fromMs = dice.weighted([1, 0], [4, dice.span(1_000, longestLifeMs)]);
  const lengthMs = dice.weighted([5, dice.span(2_000, 400_000)], [0.7, 86_400_000]);
  const kinds = dice.weighted<readonly RequestKind[] | 'all'>(
    [4, 'all'],
    [1, ['list']],
    [1, ['cancel']],
    [1, ['read', 'list']],
    [1, ['cook']],
  );
  const kind = kinds === 'all' ? 'list' : (kinds[0] ?? 'list');
  return { fromMs, toMs: fromMs + lengthMs, kinds, fault: drawFault(dice, kind) };
}

/** Says of each request in turn what goes wrong with it. */
export function openWeather(
  weather: Weather,
  dice: Dice,
  startMs: number,
): (request: Sent) => Fault | null {
  const counts = new Map<RequestKind, number>();
  return ({ kind, leftAtMs }) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const strike = weather.strikes.find(
      (each) => each.kind === kind && count >= each.nth && count < each.nth + each.times,
    );
    if (strike !== undefined) return strike.fault;
    const atMs = (leftAtMs ?? 0) - startMs;
    const outage = weather.outages.find(
      ({ fromMs, toMs, kinds }) =>
        atMs >= fromMs && atMs < toMs && (kinds === 'all' || kinds.includes(kind)),
    );
    if (outage !== undefined) return outage.fault;
    return dice.chance(weather.blips) ? drawFault(dice, kind) : null;
  };
}
