import { endpoints } from './endpoints.ts';
import type { Endpoint, Service } from './endpoints.ts';
import { isOnPath, segmentAtStar } from './paths.ts';
import { quirkyAnswer, quirkyQuery } from './quirks.ts';
import { invalid, notFound, Refusal } from './refusal.ts';
import { isUuid } from './uuids.ts';

/** A request that has passed the gate. */
export interface RoutedRequest {
  method: string;
  path: string;
  search: string;
  body: unknown;
}

/** What is answered: an HTTP status and a body to be sent as JSON. */
export interface Answer {
  status: number;
  body: unknown;
}

/** Runs the endpoint that the request is for. An error is an answer too. */
export function answerTo(service: Service, request: RoutedRequest, wrapData: boolean): Answer {
  try {
    const endpoint = endpointFor(request);
    const answer = endpoint.answer(service, {
      uuid: uuidIn(request.path, endpoint.path),
      query: quirkyQuery(request.search, service.quirks),
      body: request.body,
    });
    const body = quirkyAnswer(answer, service.quirks);
    return { status: 200, body: wrapData && endpoint.gives === 'resource' ? { data: body } : body };
  } catch (error) {
    return refused(error);
  }
}

/** The answer to a request that is not granted. */
export function refused(error: unknown): Answer {
  if (!(error instanceof Refusal)) throw error;
  return { status: error.status, body: { error: { code: error.code, message: error.message } } };
}

function endpointFor({ method, path }: RoutedRequest): Endpoint {
  const onPath = endpoints.filter((endpoint) => isOnPath(path, endpoint.path));
  if (onPath.length === 0) throw notFound('Path');
  const endpoint = onPath.find((one) => one.method === method);
  if (endpoint !== undefined) return endpoint;
  throw new Refusal(405, 'method_not_allowed', `${method} is not for this path`);
}

function uuidIn(path: string, pattern: string): string {
  if (!pattern.includes('*')) return '';
  const uuid = segmentAtStar(path, pattern);
  if (!isUuid(uuid)) throw invalid(['uuid: must be a UUID']);
  return uuid.toLowerCase();
}
