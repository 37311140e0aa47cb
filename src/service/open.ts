import type { Deps } from '../deps.ts';
import { createClient, type ClientOptions } from './client.ts';
import type { Keys } from './sign.ts';

/** What every action gets as inputs to reach the service. */
export interface Access {
  readonly apiUrl: URL;
  readonly keys: Keys;
}

/** Opens a signed way to the service; `close` drops every open socket, so that the process can end. */
export function openService(
  { connect, runner, clock, random }: Pick<Deps, 'connect' | 'runner' | 'clock' | 'random'>,
  { apiUrl, keys }: Access,
  onClockOff: ClientOptions['onClockOff'],
  maxSilenceMs?: number,
) {
  const { exchange, close } = connect(apiUrl);
  const { redactor } = runner;
  const given = { exchange, keys, redactor, clock, random };
  const client = createClient({ ...given, onClockOff, maxSilenceMs });
  return { client, close };
}
