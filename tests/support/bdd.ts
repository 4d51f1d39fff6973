/**
 * `describe` and `it` over `Deno.test` and its steps: the part of `@std/testing/bdd` that these tests use, with the same
 * meaning. The import map puts it in the place of that module, which the npm mirror of the standard library publishes
 * without one of its files. Every case of a skipped suite is still reported by name as ignored.
 */

/** What can be said about a suite or a case besides its name. Sanitizers are on unless switched off. */
export interface TestOptions {
  ignore?: boolean;
  only?: boolean;
  sanitizeExit?: boolean;
  sanitizeOps?: boolean;
  sanitizeResources?: boolean;
}

type CaseBody = (context: Deno.TestContext) => void | Promise<void>;
type SuiteBody = () => void;
type Hook = () => unknown;
type HookKind = "beforeAll" | "afterAll" | "beforeEach" | "afterEach";
type Register<Body> = (
  name: string | TestOptions & { name: string; fn: Body },
  optionsOrBody?: TestOptions | Body,
  body?: Body,
) => void;

interface Case {
  name: string;
  options: TestOptions;
  body: CaseBody;
}

interface Suite {
  name: string;
  options: TestOptions;
  members: (Suite | Case)[];
  hooks: Record<HookKind, Hook[]>;
}

/** The suite whose body is running now. */
let open: Suite | undefined;

/** Registers a suite; its body registers cases, hooks and inner suites, and must not be asynchronous. */
export const describe = withVariants<SuiteBody>(registerSuite);

/** Registers a case in the suite around it, or alone. */
export const it = withVariants<CaseBody>((name, options, body) => {
  const entry: Case = { name, options, body };
  if (open) open.members.push(entry);
  else Deno.test({ name, ...options, fn: body });
});

/** The same as `it`. */
export const test = it;

/** Runs once before the first case of the suite. */
export const beforeAll = (hook: Hook): void => addHook("beforeAll", hook);
/** Runs once after the last case of the suite, also when one failed. */
export const afterAll = (hook: Hook): void => addHook("afterAll", hook);
/** Runs before each case of the suite and of the suites in it, outer hooks first. */
export const beforeEach = (hook: Hook): void => addHook("beforeEach", hook);
/** Runs after each case of the suite and of the suites in it, inner hooks first, also when the case failed. */
export const afterEach = (hook: Hook): void => addHook("afterEach", hook);

function withVariants<Body>(register: (name: string, options: TestOptions, body: Body) => void) {
  const plain = (extra: TestOptions): Register<Body> => (first, second, third) => {
    if (typeof first !== "string") {
      const { name, fn, ...options } = first;
      return register(name, { ...options, ...extra }, fn);
    }
    const options = typeof second === "function" ? {} : second as TestOptions | undefined;
    register(first, { ...options, ...extra }, (typeof second === "function" ? second : third) as Body);
  };
  return Object.assign(plain({}), {
    skip: plain({ ignore: true }),
    ignore: plain({ ignore: true }),
    only: plain({ only: true }),
  });
}

function registerSuite(name: string, options: TestOptions, body: SuiteBody): void {
  const suite: Suite = {
    name,
    options,
    members: [],
    hooks: { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] },
  };
  const outer = open;
  open = suite;
  try {
    const returned: unknown = body();
    if (returned instanceof Promise) throw new TypeError(`The body of the suite "${name}" must not be asynchronous`);
  } finally {
    open = outer;
  }
  if (outer) {
    outer.members.push(suite);
    return;
  }
  const { ignore: _, ...testOptions } = options;
  Deno.test({
    name,
    ...testOptions,
    only: containsOnly(suite),
    fn: (context) => runSuite(suite, context, { each: [], ignored: false }),
  });
}

function addHook(kind: HookKind, hook: Hook): void {
  if (!open) throw new TypeError(`${kind} must stand inside a suite`);
  open.hooks[kind].push(hook);
}

interface Surroundings {
  /** The suites around this one, outermost first: their beforeEach and afterEach hold here as well. */
  each: Suite[];
  ignored: boolean;
}

async function runSuite(suite: Suite, context: Deno.TestContext, around: Surroundings): Promise<void> {
  const ignored = around.ignored || suite.options.ignore === true;
  const inside: Surroundings = { each: [...around.each, suite], ignored };
  const onlyOnes = suite.members.filter(containsOnly);
  const members = onlyOnes.length > 0 ? onlyOnes : suite.members;
  const { only: _, ...inherited } = suite.options;
  try {
    if (!ignored) { for (const hook of suite.hooks.beforeAll) await hook(); }
    for (const member of members) {
      const { only: _, ...own } = member.options;
      if ("members" in member) {
        // An ignored suite is entered all the same: its cases are then listed and counted one by one.
        const options = { ...inherited, ...own, ignore: false };
        await context.step({ name: member.name, ...options, fn: (step) => runSuite(member, step, inside) });
      } else {
        const options = { ...inherited, ...own, ignore: ignored || own.ignore === true };
        await context.step({ name: member.name, ...options, fn: (step) => runCase(member, step, inside.each) });
      }
    }
  } finally {
    if (!ignored) { for (const hook of suite.hooks.afterAll) await hook(); }
  }
}

async function runCase(entry: Case, context: Deno.TestContext, suites: Suite[]): Promise<void> {
  try {
    for (const suite of suites) for (const hook of suite.hooks.beforeEach) await hook();
    await entry.body(context);
  } finally {
    for (const suite of suites.toReversed()) for (const hook of suite.hooks.afterEach) await hook();
  }
}

function containsOnly(entry: Suite | Case): boolean {
  return entry.options.only === true || ("members" in entry && entry.members.some(containsOnly));
}
