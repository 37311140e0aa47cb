import { isOnPath } from './paths.ts';
import type { Fault } from './types.ts';

/** The faults that are yet to strike. */
export interface FaultBook {
  add: (faults: readonly Fault[]) => void;
  clear: () => void;
  /** Counts the request for every fault it matches, and gives the first that is due. */
  next: (method: string, path: string) => Fault | null;
}

/** An empty book. */
export function createFaultBook(): FaultBook {
  const seen = new Map<Fault, number>();
  return {
    add: (faults) => faults.forEach((fault) => seen.set({ ...fault }, 0)),
    clear: () => seen.clear(),
    next(method, path) {
      const matching = [...seen.keys()].filter((fault) => isFor(fault, method, path));
      matching.forEach((fault) => seen.set(fault, (seen.get(fault) ?? 0) + 1));
      return matching.find((fault) => isDue(fault, seen.get(fault) ?? 0)) ?? null;
    },
  };
}

function isFor(fault: Fault, method: string, path: string): boolean {
  const isMethod = fault.method === undefined || fault.method === method;
  return isMethod && (fault.path === undefined || isOnPath(path, fault.path));
}

function isDue({ nth = 1, times = 1 }: Fault, count: number): boolean {
  return count >= nth && count < nth + times;
}
