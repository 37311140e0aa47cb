/** Whether a path is the pattern's, in which `*` is any one segment. */
export function isOnPath(path: string, pattern: string): boolean {
  const segments = path.split('/');
  const wanted = pattern.split('/');
  return (
    segments.length === wanted.length &&
    wanted.every((want, index) => want === '*' || want === segments[index])
  );
}

/** The segment of the path where the pattern has its `*`; empty if it has none. */
export function segmentAtStar(path: string, pattern: string): string {
  return path.split('/')[pattern.split('/').indexOf('*')] ?? '';
}
