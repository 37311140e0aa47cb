import type { CookBody } from '../../src/api/endpoints.ts';
import type { PlannedCook } from '../../src/report/dry-run-report.ts';
import { uuidNumber } from './outcomes.ts';

/** What would be sent for one entry of a dry run. */
export function plannedCook(index: number, body: CookBody): PlannedCook {
  const recipeUuid = uuidNumber(index + 1);
  const request = {
    index,
    recipeUuid,
    jobUuid: null,
    title: null,
    namesRegions: false,
    gpuName: null,
    choice: 0,
    alternatives: [],
    mark: 'mark',
    earlierHashes: [],
    fields: {},
    container: null,
  };
  const recipe = { uuid: recipeUuid, name: 'Render', payload: {} };
  const prices = { shareMs: null, offers: null, noOffers: null, overBudget: null };
  return { request, recipe, body, error: null, ...prices };
}
