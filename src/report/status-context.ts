import type { JobRef } from '../jobs/records.ts';
import { plain } from './status-text.ts';

// GitHub takes 255; a list of checks shows less.
const maxTitle = 100;

/**
 * Gives each job a context of its own: `dispersed / <title>`, and with ` (2)` after it for the
 * second of the same title. Where the order tells already that two will share one, the number
 * follows the order, whichever is cooked first: the next run has to find the same contexts.
 */
export function openContextBook(
  subjects: readonly JobRef[],
): (subject: JobRef, title: string) => string {
  const taken = new Set<string>();
  return (subject, title) => {
    const base = `dispersed / ${plain(title, maxTitle) || 'untitled'}`;
    let count = rankOf(subject, subjects);
    while (taken.has(numbered(base, count))) count += 1;
    taken.add(numbered(base, count));
    return numbered(base, count);
  };
}

function rankOf(subject: JobRef, subjects: readonly JobRef[]): number {
  const key = sharedKey(subject);
  if (key === null) return 1;
  return (
    1 + subjects.filter((each) => each.index < subject.index && sharedKey(each) === key).length
  );
}

// Jobs of one recipe without a title of their own have the recipe's.
function sharedKey({ title, recipeUuid }: JobRef): string | null {
  return title ?? recipeUuid;
}

function numbered(base: string, count: number): string {
  return count === 1 ? base : `${base} (${count})`;
}
