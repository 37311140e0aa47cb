import { ratesOf, type Offers } from '../money/offers.ts';
import type { EarlierTry } from '../jobs/records.ts';
import { formatDuration, formatUsd } from './format.ts';
import { sanitizeLine } from './sanitize.ts';

/** A GPU model as it is called, in one short line. */
export function modelOf(gpuName: string | null): string {
  return gpuName === null ? 'the GPU' : sanitizeLine(gpuName, 60);
}

/** `RTX 4090: no machine within 5m 00s` */
export function describeTry({ gpuName, phase, waitedMs }: EarlierTry): string {
  const what = phase === 'assign' ? 'no machine within' : 'its container did not start within';
  return `${modelOf(gpuName)}: ${what} ${formatDuration(waitedMs)}`;
}

/** ` (2 offers, 0.69 USD an hour)`; empty where they could not be read. */
export function formatOffers(offers: Offers | null): string {
  if (offers === null) return '';
  const rates = ratesOf(offers);
  if (rates === null) return ' (no offers)';
  const { length } = offers.offers;
  const from = rates.minUsd === rates.maxUsd ? '' : 'from ';
  const count = `${length}${offers.isCut ? ' or more' : ''} ${length === 1 ? 'offer' : 'offers'}`;
  return ` (${count}, ${from}${formatUsd(rates.minUsd)} an hour)`;
}
