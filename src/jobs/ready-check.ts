/** What is asked of a server to know whether it is ready. */
export interface ReadyCheck {
  /** The port inside the container. */
  readonly port: number;
  /** With its query, if any; begins with `/`. */
  readonly path: string;
}

/** As it was given: `8080/health`. */
export function formatReadyCheck({ port, path }: ReadyCheck): string {
  return `${port}${path}`;
}
