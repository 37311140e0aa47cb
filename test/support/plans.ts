import type { CookBody } from '../../src/service/endpoints.ts';
import type { PlannedEntry } from '../../src/cooking/plan.ts';
import type { CookRequest } from '../../src/cooking/request.ts';
import { uuidNumber } from './outcomes.ts';

/** A request to cook the first recipe, with nothing laid on it. */
export function cookRequest(change: Partial<CookRequest> = {}): CookRequest {
  return {
    index: 0,
    recipeUuid: uuidNumber(0),
    pin: null,
    jobUuid: null,
    title: null,
    gpuName: null,
    alternatives: [],
    mark: 'mark',
    earlierHashes: [],
    fields: {},
    container: null,
    ...change,
  };
}

/** What would be sent for one entry of a dry run. */
export function plannedCook(index: number, body: CookBody): PlannedEntry {
  const recipeUuid = uuidNumber(index + 1);
  const request = cookRequest({ index, recipeUuid });
  const recipe = { uuid: recipeUuid, name: 'Render', payload: {} };
  const prices = { shareMs: null, prices: null, models: [] };
  return { request, recipe, unread: null, body, fields: body, error: null, ...prices };
}
