/** What happened in a life, in order. */
export interface Story {
  readonly tell: (who: string, what: string) => void;
  /** One line an event, with the time since the start. */
  readonly lines: () => readonly string[];
}

/** @param now the time, Unix ms */
export function createStory(now: () => number): Story {
  const startMs = now();
  const events: (readonly [atMs: number, who: string, what: string])[] = [];
  return {
    tell: (who, what) => {
      events.push([now() - startMs, who, what]);
    },
    lines: () => {
      const rename = renameMarks();
      return events.map(
        ([atMs, who, what]) => `${formatTime(atMs)} ${who.padEnd(7)} ${rename(what)}`,
      );
    },
  };
}

function formatTime(ms: number): string {
  return `${(ms / 1_000).toFixed(3).padStart(10)}s`;
}

// A mark may hold a nonce, and a folder a name, which no seed decides; a story tells the same each
// time.
function renameMarks(): (text: string) => string {
  const names = new Map<string, string>();
  return (text) =>
    text
      .replaceAll(/cook-[0-9a-f]{8,}(?:-[0-9a-f]+)?/g, (mark) => {
        const name = names.get(mark) ?? `mark#${names.size + 1}`;
        names.set(mark, name);
        return name;
      })
      .replaceAll(/[^\s=]*\/dispersed-(summary|jobs)-\w+/g, 'dispersed-$1');
}
