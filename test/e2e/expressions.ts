import { data, Evaluator, Lexer, Parser } from '@actions/expressions';

// Expressions of workflows, evaluated by GitHub's own library.

/** Names as they are written, such as `secrets.KEY` or `steps.cook.outputs.result`, to values. */
export type Values = ReadonlyMap<string, string>;

/** How the job goes so far, for `always()`, `success()` and `failure()`. */
export type JobStatus = 'success' | 'failure';

const contextNames = ['github', 'secrets', 'inputs', 'env', 'matrix', 'needs', 'steps', 'vars'];
// What a workflow may name although nothing has set it: an output that a step did not set is empty.
const strictNames = /\b(?:github|secrets|inputs|env|matrix)(?:\.[\w-]+)+/g;

/**
 * Fills in the expressions of a text.
 * @throws Error where a value is named that nothing is known of
 */
export function fill(text: string, values: Values, status: JobStatus = 'success'): string {
  return text.replaceAll(/\$\{\{\s*(.+?)\s*\}\}/g, (_, expression: string) =>
    evaluate(expression, values, status),
  );
}

/** Whether a step or job runs, by its `if`. */
export function isDue(condition: string | undefined, values: Values, status: JobStatus): boolean {
  const bare = (condition ?? 'success()').replace(/^\$\{\{(.+)\}\}$/, '$1');
  const namesStatus = /\b(?:always|success|failure|cancelled)\(\)/.test(bare);
  const whole = namesStatus ? bare : `success() && (${bare})`;
  // An expression gives the last value it looked at; only its truth is of interest.
  return evaluate(`!(${whole})`, values, status) === 'false';
}

function evaluate(expression: string, values: Values, status: JobStatus): string {
  for (const [name] of expression.matchAll(strictNames)) {
    if (!values.has(name)) throw new Error(`nothing is known of ${name}`);
  }
  const functions = statusFunctions(status);
  const { tokens } = new Lexer(expression).lex();
  const parsed = new Parser(tokens, contextNames, [...functions.values()]).parse();
  return new Evaluator(parsed, contextsOf(values), functions).evaluate().coerceString();
}

function statusFunctions(status: JobStatus) {
  const is = (name: string, value: boolean) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(value),
  });
  const functions = [
    is('always', true),
    is('success', status === 'success'),
    is('failure', status === 'failure'),
    is('cancelled', false),
  ];
  return new Map(functions.map((each) => [each.name, each]));
}

function contextsOf(values: Values): data.Dictionary {
  const contexts = new data.Dictionary(
    ...contextNames.map((key) => ({ key, value: new data.Dictionary() })),
  );
  for (const [name, value] of values) {
    const path = name.split('.');
    const last = path.pop() ?? '';
    path.reduce(childOf, contexts).add(last, new data.StringData(value));
  }
  return contexts;
}

function childOf(parent: data.Dictionary, key: string): data.Dictionary {
  const known = parent.get(key);
  if (known instanceof data.Dictionary) return known;
  const child = new data.Dictionary();
  parent.add(key, child);
  return child;
}
