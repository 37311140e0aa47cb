/** One way to break the code. */
export interface Mutant {
  readonly name: string;
  /** Inside of `src`. */
  readonly file: string;
  /** A text that the file has exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** What the simulation has to notice; each constant of a promise is among it. */
export const mutants: readonly Mutant[] = [
  {
    name: 'no look after a doubt',
    file: 'cooking/submit.ts',
    find: '    return look(error, request, lookupWindowMs, options);',
    replace: '    return null;',
  },
  {
    name: 'a look of 3 s after a doubt',
    file: 'custody/find.ts',
    find: 'export const lookupWindowMs = 30_000;',
    replace: 'export const lookupWindowMs = 3_000;',
  },
  {
    name: 'only one page of the list is read',
    file: 'service/pages.ts',
    find: 'stale < maxStalePages; page += 1',
    replace: 'stale < maxStalePages && page === 1; page += 1',
  },
  {
    name: 'a short page is taken for the last one',
    file: 'service/pages.ts',
    find: 'if (total === undefined) return size < firstSize;',
    replace: 'return size < 50;',
  },
  {
    name: 'the list is read back to the cook alone',
    file: 'custody/find.ts',
    find: 'const clockSlackMs = 48 * 3_600_000;',
    replace: 'const clockSlackMs = -60_000;',
  },
  {
    name: 'the nonce is ignored',
    file: 'custody/mark.ts',
    find: `return description?.includes(\`[\${mark}]\`) ?? false;`,
    replace: 'return description?.includes(mark.slice(0, 37)) ?? false;',
  },
  {
    name: 'cooks are not counted before they leave',
    file: 'cooking/submit.ts',
    find: '      sends: facts().sends + 1,',
    replace: '      sends: facts().sends,',
  },
  {
    name: 'let go when running',
    file: 'custody/policy.ts',
    find: "      return policy.onWorkflowCancel === 'cancel';",
    replace: "      return policy.onWorkflowCancel === 'cancel' && stop !== 'goal';",
  },
  {
    name: 'on-timeout the other way round',
    file: 'custody/policy.ts',
    find: "      return policy.onTimeout === 'cancel' && stop !== 'goal';",
    replace: "      return policy.onTimeout !== 'cancel' && stop !== 'goal';",
  },
  {
    name: 'a timeout cancels what does what was asked for',
    file: 'custody/policy.ts',
    find: "      return policy.onTimeout === 'cancel' && stop !== 'goal';",
    replace: "      return policy.onTimeout === 'cancel';",
  },
  {
    name: 'fail-fast cancels nothing',
    file: 'custody/policy.ts',
    find: "    case 'fail-fast':\n",
    replace: "    case 'fail-fast':\n      return false;\n",
  },
  {
    name: 'on-job-end is ignored',
    file: 'custody/policy.ts',
    find: `  if (phase === 'post' && policy.onJobEnd === 'cancel') return 'cancel';
`,
    replace: '',
  },
  {
    name: 'a killed main is taken for one with a verdict',
    file: 'custody/policy.ts',
    find: "const isKilled = phase === 'post' && !step.hasVerdict;",
    replace: 'const isKilled = false;',
  },
  {
    name: 'what is given up is kept',
    file: 'custody/policy.ts',
    find: "    case 'ended':\n",
    replace: "    case 'ended':\n      return false;\n",
  },
  {
    name: 'duplicates are left running',
    file: 'custody/policy.ts',
    find: "(own && wanted === 'cancel' ? [own] : []), ...duplicates]",
    replace: "(own && wanted === 'cancel' ? [own] : []), ...duplicates.slice(9)]",
  },
  {
    name: 'nobody looks for a second job',
    file: 'custody/policy.ts',
    find: `  if (unansweredCooks(facts) > 0) return true;
`,
    replace: '',
  },
  {
    name: 'post looks once for a cook without an answer',
    file: 'custody/reconcile.ts',
    find: "windowMs: phase === 'post' && unansweredCooks(facts) > 0 ? lookupWindowMs : 0,",
    replace: 'windowMs: 0,',
  },
  {
    name: 'a lost cancel is not sent again',
    file: 'custody/reconcile.ts',
    find: 'const cancelAgainEveryMs = 12_000;',
    replace: 'const cancelAgainEveryMs = 12_000_000;',
  },
  {
    name: 'FAILED is believed at once',
    file: 'jobs/restart.ts',
    find: "if (!mayChange) return isEnded ? 'final' : 'open';",
    replace: "if (!mayChange || isEnded) return isEnded ? 'final' : 'open';",
  },
  {
    name: 'a retry is given up after a minute',
    file: 'jobs/restart.ts',
    find: '(job.max_timeout_assign_ms ?? defaultAssignMs) + slackMs : unknownMs;',
    replace: '60_000 : unknownMs;',
  },
  {
    name: 'retries that the service does not name are none',
    file: 'custody/facts.ts',
    find: 'job.max_retry_count ?? retries',
    replace: 'job.max_retry_count ?? 0',
  },
  {
    name: 'wait cancels what may be started once more',
    file: 'custody/policy.ts',
    find: "      return mark !== null || policy.onTimeout === 'cancel';",
    replace: '      return true;',
  },
  {
    name: 'a new job that answers 404 is lost',
    file: 'service/poll.ts',
    find: 'const newMs = 30_000;',
    replace: 'const newMs = 0;',
  },
  {
    name: 'one 404 is believed',
    file: 'service/poll.ts',
    find: 'const maxNotFound = 2;',
    replace: 'const maxNotFound = 1;',
  },
  {
    name: 'any failure counts as a 404',
    file: 'service/poll.ts',
    find: 'const notFound = watch.notFound + (isNotFound ? 1 : 0);',
    replace: 'const notFound = watch.notFound + 1;',
  },
  {
    name: 'a list that fails is never replaced',
    file: 'service/lists.ts',
    find: 'group.length === 1 || error.status === 429;',
    replace: 'group.length === 1 || error.status !== 0;',
  },
  {
    name: 'the clock is compared with what is known now',
    file: 'service/client.ts',
    find: 'isOff(dateMs, timeMs)',
    replace: 'isOff(dateMs - clock.now(), known.offsetMs)',
  },
  {
    name: 'the other dialect is never tried',
    file: 'service/client.ts',
    find: 'hasDialects && !hasSwitched',
    replace: 'false && !hasSwitched',
  },
  {
    name: 'Retry-After is obeyed',
    file: 'service/retry.ts',
    find: 'export const maxPauseMs = 60_000;',
    replace: 'export const maxPauseMs = 7_200_000;',
  },
  {
    name: 'post gives up a cancel after two tries',
    file: 'service/retry.ts',
    find: 'lastOwnCancel: { maxTries: Infinity,',
    replace: 'lastOwnCancel: { maxTries: 2,',
  },
  {
    name: 'post has no bound',
    file: 'commands/post.ts',
    find: 'const maxCleanupMs = 225_000;',
    replace: 'const maxCleanupMs = 22_500_000;',
  },
  {
    name: 'main takes a minute after an interrupt',
    file: 'step/end.ts',
    find: 'const interruptDeadlineMs = 6_000;',
    replace: 'const interruptDeadlineMs = 60_000;',
  },
  {
    name: 'the next model is cooked after a start',
    file: 'jobs/failure.ts',
    find: "if (job === null || (phase !== 'assign' && phase !== 'start')) return false;",
    replace: 'if (job === null) return false;',
  },
  {
    name: 'the next model is cooked after a cancel by a person',
    file: 'jobs/failure.ts',
    find: 'return namesLimit && waitedMs',
    replace: 'return waitedMs',
  },
  {
    name: 'post does not know of the next model',
    file: 'custody/saved-state.ts',
    find: 'choice < plan.records;',
    replace: 'choice < 1;',
  },
  {
    name: 'what failed and may restart is left to a re-run',
    file: 'step/take-over.ts',
    find: "saveFacts(step, entry, { jobs: left, stop: 'replaced' });",
    replace: 'if (left.length > 0) return;',
  },
  {
    name: 'a cook is waited for after an interrupt',
    file: 'step/end.ts',
    find: 'const abandonAfterMs = 2_000;',
    replace: 'const abandonAfterMs = 20_000;',
  },
  {
    name: 'main takes half an hour after the timeout',
    file: 'step/end.ts',
    find: 'const endDeadlineMs = 3 * 60_000;',
    replace: 'const endDeadlineMs = 30 * 60_000;',
  },
  {
    name: 'what is being canceled is said to be canceled',
    file: 'report/outcome-messages.ts',
    find: `return \`is being canceled, and is still \${sanitizeLine(formatStatus(job.status), 60)}.\`;`,
    replace: "return 'was canceled.';",
  },
  {
    name: 'no time is left for the cancels of max-cost',
    file: 'money/budget.ts',
    find: 'const cancelTakesMs = 15_000;',
    replace: 'const cancelTakesMs = 0;',
  },
  {
    name: 'max-cost cancels nothing',
    file: 'custody/policy.ts',
    find: "    case 'max-cost':\n",
    replace: "    case 'max-cost':\n      return false;\n",
  },
  {
    name: 'a server costs nothing before it runs',
    file: 'money/cost.ts',
    find: "const fromMs = job.task === 'PERSISTENT' ? createdMs : startedMs;",
    replace: 'const fromMs = startedMs;',
  },
  {
    name: 'what runs as asked costs for ever',
    file: 'step/watch.ts',
    find: "    if (entry.facts.stop === 'goal') keepCounting(step, entry, submitted);\n",
    replace: '',
  },
  {
    name: 'cooked though nothing is left of max-cost',
    file: 'money/budget.ts',
    find: 'if (remainingMs(withOne, maxCostUsd) >= minRunLimitMs - 1) return null;',
    replace: 'if (remainingMs(withOne, maxCostUsd) >= 0) return null;',
  },
  {
    name: 'the share of max-cost is not sent',
    file: 'money/ceilings.ts',
    find: 'return { body: { ...body, max_timeout_run_ms: share }, shareMs: share };',
    replace: 'return { body, shareMs: share };',
  },
  {
    name: 'a share is that of one job',
    file: 'money/ceilings.ts',
    find: 'maxCostUsd / jobCount / maxHourlyRateUsd',
    replace: 'maxCostUsd / maxHourlyRateUsd',
  },
  {
    name: 'a share is not divided by the runs of retries',
    file: 'money/ceilings.ts',
    find: '/ maxHourlyRateUsd / (retries + 1);',
    replace: '/ maxHourlyRateUsd;',
  },
  {
    name: 'dearer offers are cooked',
    file: 'money/ceilings.ts',
    find: 'offers.minUsd <= ceilingUsd',
    replace: 'offers.minUsd <= ceilingUsd * 1_000',
  },
  {
    name: 'nobody looks at the rate',
    file: 'money/budget.ts',
    find: 'rateUsd <= maxHourlyRateUsd || over.aborted',
    replace: 'rateUsd <= maxHourlyRateUsd * 1_000 || over.aborted',
  },
  {
    name: 'several nodes cost as much as one',
    file: 'money/cost.ts',
    find: 'rate * nodeCountOf(run, job)',
    replace: 'rate',
  },
  {
    name: 'poll-interval delays the look at the rate',
    file: 'step/open.ts',
    find: 'Math.min(interval, maxAutoMs)',
    replace: 'interval',
  },
  {
    name: 'what is over budget is kept',
    file: 'custody/policy.ts',
    find: "    case 'over-budget':\n",
    replace: "    case 'over-budget':\n      return false;\n",
  },
  {
    name: 'a check gives post no time',
    file: 'check/orphans.ts',
    find: 'export const minOverMs = 10 * 60_000;',
    replace: 'export const minOverMs = 0;',
  },
  {
    name: 'a check ends what may outlive its run',
    file: 'check/orphans.ts',
    find: '  return !hasEndedForGood(job, nowMs) && !mayOutlive(mark, job);',
    replace: '  return !hasEndedForGood(job, nowMs);',
  },
  {
    name: 'a check takes every mark for one of its repository',
    file: 'custody/mark.ts',
    find: '  if (mark.server !== here.server) return false;',
    replace: '  return true;',
  },
  {
    name: 'a check takes runs that go on for over',
    file: 'check/orphans.ts',
    find: '  return run.isOver ? run.updatedAtMs : null;',
    replace: '  return run.updatedAtMs;',
  },
  {
    name: 'a check goes by the clock of the runner',
    file: 'service/client.ts',
    find: '  return serverNow() ?? clock.now();',
    replace: '  return clock.now();',
  },
  {
    name: 'a check that finds an orphan only looks',
    file: 'check/orphans.ts',
    find: "hasEnded: false }] }, () => 'cancel');",
    replace: "hasEnded: false }] }, () => 'keep');",
  },
];
