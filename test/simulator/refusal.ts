/** An error answer of the service: `{"error": {"code", "message"}}` with an HTTP status. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
  }
}

/** 422 with every problem, each beginning with the name of its field. */
export function invalid(problems: readonly string[]): Refusal {
  return new Refusal(422, 'validation_failed', problems.join('; '));
}

/** 404. */
export function notFound(what: string): Refusal {
  return new Refusal(404, 'not_found', `${what} not found`);
}
