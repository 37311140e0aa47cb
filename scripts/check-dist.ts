import { execFileSync } from 'node:child_process';
import { bundle } from './bundle.ts';

// Fails unless the committed `dist` is what the sources give.
bundle('build/dist');
try {
  execFileSync('git', ['diff', '--no-index', '--stat', '--exit-code', 'dist', 'build/dist'], {
    stdio: 'inherit',
  });
} catch {
  console.error('dist is not what src gives: run `npm run build` and commit dist with src.');
  process.exitCode = 1;
}
