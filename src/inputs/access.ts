import type { Access } from '../service/client.ts';
import { isLoopbackHost } from '../service/probe.ts';
import type { Runner } from '../runner.ts';
import { fromText } from './parsers.ts';
import { input, type Input, type Values } from './read.ts';
import { invalid, quote } from './tree.ts';

// What gives access to the service and to GitHub. The values are never shown.

function keyInput(half: 'public' | 'secret', otherStart: string): Input<string> {
  const other = half === 'public' ? 'secret' : 'public';
  return input((text, runner) => {
    const given = text.trim();
    if (given === '') {
      const isOtherGiven = runner.input(`${other}-key`).trim() !== '';
      if (isOtherGiven) throw invalid(`is empty${explainEmpty(runner)}`);
      if (half === 'secret') return given;
      throw invalid(`are empty${explainEmpty(runner)}`, ' and secret-key');
    }
    if (!isPrintable(given))
      throw invalid(
        'contains spaces, line breaks, or other characters that a key cannot contain. Copy the key again, on one line',
      );
    if (!given.startsWith(otherStart)) return given;
    throw invalid(
      `contains the ${other} key (${otherStart}…) instead of the ${half} key: check that the two are not swapped`,
    );
  });
}

/** Why the workflow has no such secrets, as far as the runner knows, and how to fix it. */
function explainEmpty({ env }: Runner): string {
  const secrets = 'DISPERSED_PUBLIC_KEY and DISPERSED_SECRET_KEY';
  if (env['GITHUB_ACTOR'] === 'dependabot[bot]')
    return `: workflows that Dependabot triggers get only Dependabot secrets. Store ${secrets} as Dependabot secrets as well, under Settings > Secrets and variables > Dependabot, or skip this step with \`if: github.actor != 'dependabot[bot]'\``;
  const mayBeFork = env['GITHUB_EVENT_NAME'] === 'pull_request';
  const store = mayBeFork
    ? 'GitHub does not pass secrets to workflows that a pull request from a fork triggers: skip this step for them with `if: github.event.pull_request.head.repo.fork == false`. Otherwise, store'
    : 'Store';
  return `. ${store} both keys of your API key pair as repository secrets, such as ${secrets}, under Settings > Secrets and variables > Actions, and pass them here. A reusable workflow needs \`secrets: inherit\` from its caller, and environment secrets need \`environment:\``;
}

export const token = fromText((given) => {
  if (given === '') throw invalid('is empty: pass a token, such as ${{ github.token }}');
  if (isPrintable(given)) return given;
  throw invalid('contains spaces, line breaks, or other characters that a token cannot contain');
});

function isPrintable(given: string): boolean {
  return /^[\u0021-\u007e]+$/.test(given);
}

const apiUrl = fromText((given) => {
  const url = URL.parse(given);
  if (url === null) throw invalid('is not a URL; the service is at https://api.dispersed.com');
  if (url.username !== '' || url.password !== '') {
    throw invalid('contains a username or password; use the inputs public-key and secret-key');
  }
  const isLoopback = isLoopbackHost(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)) {
    // Not the whole: what follows the host may hold a key.
    const shown = quote(`${url.protocol}//${url.host}`);
    throw invalid(`${shown} does not use https; http is accepted only for loopback addresses`);
  }
  if (url.pathname === '/' && url.search === '' && url.hash === '') return url;
  throw invalid('must be a URL without a path, query, or fragment');
});

export const accessInputs = {
  'public-key': keyInput('public', 'sk_'),
  'secret-key': keyInput('secret', 'pk_'),
  'api-url': input(apiUrl, 'https://api.dispersed.com'),
};

export function toAccess(inputs: Values<typeof accessInputs>): Access {
  const keys = { publicKey: inputs['public-key'], secretKey: inputs['secret-key'] };
  return { apiUrl: inputs['api-url'], keys };
}
