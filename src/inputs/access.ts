import type { Access } from '../service/client.ts';
import { isLoopbackHost } from '../service/probe.ts';
import type { Runner } from '../runner.ts';
import { fromText } from './parsers.ts';
import { isForkEvent } from './context.ts';
import { input, type Input, type Values } from './read.ts';
import { invalid, quote } from './tree.ts';

// Parsers of what gives access to the service and to GitHub. Their values are never shown.

type Half = 'public' | 'secret';

function keyInput(half: Half, otherStart: string, other: Half): Input<string> {
  return input((text, runner) => {
    const given = text.trim();
    if (given === '') {
      const isOtherGiven = runner.input(`${other}-key`).trim() !== '';
      if (isOtherGiven) throw invalid(`is empty${explainEmpty([half], runner)}`);
      // Both have one cause: it is told once, with the public key.
      if (half === 'secret') return given;
      throw invalid(`are empty${explainEmpty([half, other], runner)}`, ' and secret-key');
    }
    if (!isPrintable(given))
      throw invalid(
        'contains white space or characters that a key cannot have. Copy it again, in one line',
      );
    if (!given.startsWith(otherStart)) return given;
    throw invalid(
      `contains the ${other} key (${otherStart}…) instead of the ${half} key; are the two swapped?`,
    );
  });
}

/** Why the workflow has no such secrets, as far as the runner knows, and how to fix it. */
function explainEmpty(missing: readonly Half[], runner: Runner): string {
  if (isForkEvent(runner)) {
    return ': GitHub passes no secrets to workflows that a pull request from a fork has started. Run this step for branches of this repository only, for example with `if: github.event.pull_request.head.repo.fork == false`';
  }
  const secrets = missing.map((half) => `DISPERSED_${half.toUpperCase()}_KEY`).join(' and ');
  if (runner.env['GITHUB_ACTOR'] === 'dependabot[bot]') {
    return `: a workflow that Dependabot has started gets Dependabot secrets only. Store ${secrets} there as well, under Settings → Secrets and variables → Dependabot, or skip this step with \`if: github.actor != 'dependabot[bot]'\``;
  }
  const [what, it] = missing.length === 1 ? [`the ${missing[0]} key`, 'it'] : ['both keys', 'them'];
  return `. Store ${what} of the API key pair in the secrets, such as ${secrets}, under Settings → Secrets and variables → Actions of the repository, and pass ${it} here. A reusable workflow gets secrets only if its caller passes them (\`secrets: inherit\`), a job those of an environment only with \`environment:\``;
}

export const token = fromText((given) => {
  if (given === '') throw invalid('is empty: give a token, such as ${{ github.token }}');
  if (isPrintable(given)) return given;
  throw invalid('contains white space or characters that a token cannot have');
});

function isPrintable(given: string): boolean {
  return /^[\u0021-\u007e]+$/.test(given);
}

const apiUrl = fromText((given) => {
  const url = URL.parse(given);
  if (url === null) throw invalid('is not a URL; the service is at https://api.dispersed.com');
  if (url.username !== '' || url.password !== '') {
    throw invalid('contains a user name or password; use the inputs public-key and secret-key');
  }
  const isLoopback = isLoopbackHost(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)) {
    // Not the whole: what follows the host may hold a key.
    const shown = quote(`${url.protocol}//${url.host}`);
    throw invalid(`${shown} is not https; http is accepted for loopback addresses only`);
  }
  if (url.pathname === '/' && url.search === '' && url.hash === '') return url;
  throw invalid('must be a host only, without path, query or fragment');
});

export const accessInputs = {
  'public-key': keyInput('public', 'sk_', 'secret'),
  'secret-key': keyInput('secret', 'pk_', 'public'),
  'api-url': input(apiUrl, 'https://api.dispersed.com'),
};

export function toAccess(inputs: Values<typeof accessInputs>): Access {
  const keys = { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] };
  return { apiUrl: inputs['api-url'], keys };
}
