/**
 * `describe` and `it` over `Deno.test` and its steps: the subset of `@std/testing/bdd` that these tests use, with the same
 * meaning. The import map substitutes it for that module, because the npm mirror of the standard library lacks one of the
 * module's files. Unlike there, each case of a skipped suite is reported by name as ignored.
 */

/** Options of a suite or a case. Sanitizers are on by default. */
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

/** Suite whose body is running. */
let open: Suite | undefined;

/** Registers a suite. Its body registers cases, hooks and inner suites, and must be synchronous. */
export const describe = withVariants<SuiteBody>(registerSuite);

/** Registers a case, in the suite whose body is running if there is one. */
export const it = withVariants<CaseBody>((name, options, body) => {
  const entry: Case = { name, options, body };
  if (open) open.members.push(entry);
  else Deno.test({ name, ...options, fn: body });
});

/** Alias of `it`. */
export const test = it;

/** Registers a hook that runs once before the first case of the suite. */
export const beforeAll = (hook: Hook): void => addHook("beforeAll", hook);
/** Registers a hook that runs once after the last case of the suite, even if a case failed. */
export const afterAll = (hook: Hook): void => addHook("afterAll", hook);
/** Registers a hook that runs before each case of the suite and its inner suites, outer hooks first. */
export const beforeEach = (hook: Hook): void => addHook("beforeEach", hook);
/** Registers a hook that runs after each case of the suite and its inner suites, inner hooks first, even if the case failed. */
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
    if (returned instanceof Promise) throw new TypeError(`The body of the suite "${name}" must be synchronous`);
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
  if (!open) throw new TypeError(`${kind} must be called in the body of a suite`);
  open.hooks[kind].push(hook);
}

interface Ancestors {
  /** Outer suites, outermost first. Their beforeEach and afterEach hooks apply to this suite. */
  each: Suite[];
  ignored: boolean;
}

async function runSuite(suite: Suite, context: Deno.TestContext, ancestors: Ancestors): Promise<void> {
  const ignored = ancestors.ignored || suite.options.ignore === true;
  const inside: Ancestors = { each: [...ancestors.each, suite], ignored };
  const onlyOnes = suite.members.filter(containsOnly);
  const members = onlyOnes.length > 0 ? onlyOnes : suite.members;
  const { only: _, ...inherited } = suite.options;
  try {
    if (!ignored) { for (const hook of suite.hooks.beforeAll) await hook(); }
    for (const member of members) {
      const { only: _, ...own } = member.options;
      if ("members" in member) {
        // Enters ignored suites too, so that their cases are listed and counted.
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
