import type { Status } from '../github.ts';

/** What a status says. */
export type Message = Omit<Status, 'context'>;

export interface LaneParts {
  /** Does the work when it is its turn among all lanes. */
  readonly inTurn: (work: () => Promise<void>) => Promise<void>;
  /** Never rejects. What is no longer the latest needs no second try. */
  readonly send: (message: Message, isLatest: () => boolean) => Promise<void>;
  /** The least time between two updates; the signal cuts it short. */
  readonly rest: (signal: AbortSignal) => Promise<void>;
}

/** The updates of one status: one after the other, none without a change, and not too many. */
export interface Lane {
  /** Sends the message when it can; one that was not sent yet is replaced. */
  readonly say: (message: Message) => void;
  /** Lets the lane rest no more. */
  readonly hurry: () => void;
  /** Resolves when there is nothing left to send. */
  readonly idle: () => Promise<void>;
}

export function openLane({ inTurn, send, rest }: LaneParts): Lane {
  const hurry = new AbortController();
  let next: Message | undefined;
  let said: Message | undefined;
  let work: Promise<void> | undefined;

  const hasNext = () => next !== undefined;
  const sendNext = async () => {
    const message = next;
    next = undefined;
    if (message === undefined || isSame(message, said)) return;
    said = message;
    await send(message, () => !hasNext());
  };
  const sendAll = async () => {
    do {
      await inTurn(sendNext);
      await rest(hurry.signal);
    } while (hasNext());
    work = undefined;
  };
  return {
    say: (message) => {
      next = message;
      work ??= sendAll();
    },
    hurry: () => {
      hurry.abort();
    },
    idle: async () => work,
  };
}

function isSame(a: Message, b: Message | undefined): boolean {
  return a.state === b?.state && a.description === b.description;
}
