import type { Seam } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { inspect } from 'node:util'
import { expectEqual, fail, together, within } from './check.ts'
import type { Case, MakeSubject, Subject, Suite } from './suite.ts'

/** Something that holds of every case: a case is run once more under it, and must pass as it does without. */
export interface Trait {
  /** Stable, such as `detached`. */
  readonly id: TraitId
  /** One sentence: what must hold. */
  readonly about: string
  /** Why it says nothing here. */
  skip?<S extends Seam<string>>(subject: Subject<S>, testCase: Case<S>): string | undefined
  /** `make` gives more subjects where one is not enough. */
  run<S extends Seam<string>>(testCase: Case<S>, subject: Subject<S>, make: MakeSubject<S>): Promise<void>
}

export type TraitId = 'detached' | 'reopened' | 'aborted-before' | 'at-once'

/**
 * Where the options stand among the arguments of a method that can be aborted before it does anything. Methods that take
 * a stream are not here: it could not be given to two calls.
 */
const optionsAt: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'storage/v1': { get: 1, head: 1, list: 1, delete: 1 },
  'secrets/v1': { resolve: 1, describe: 1, replace: 3 },
  'signer/v1': { sign: 1, publicKey: 0 },
  'anchor/v1': { anchor: 1, check: 2, latest: 1 },
  'authorizer/v1': { authorize: 1 },
  'workspaces/v1': { resolve: 1, materialize: 2, diff: 2, snapshot: 1 },
  'executor/v1': { launch: 2, attach: 1, kill: 1, reap: 1, send: 2 },
  'runtime/v1': { prepare: 1 },
}

type Method = (...args: unknown[]) => unknown
const isMethod = (value: unknown): value is Method => typeof value === 'function'

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** The same seam whose methods are called as `call` says. */
function calling<S extends object>(seam: S, call: (name: string, method: Method, args: unknown[]) => unknown): S {
  return new Proxy(seam, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property)
      if (!isMethod(value) || typeof property !== 'string') return value
      return (...args: unknown[]): unknown => call(property, value, args)
    },
  })
}

/** A subject whose seam is changed, after a restart too. */
function changed<S>(subject: Subject<S>, change: (seam: S) => S): Subject<S> {
  return {
    ...subject,
    seam: change(subject.seam),
    ...(subject.reopen && { reopen: async () => change((await subject.reopen?.()) ?? subject.seam) }),
  }
}

/** The call with a signal that has fired, begun in the same moment as the call itself, which it must not change. */
function abortedBefore<S extends Seam<string>>(seam: S): S {
  const positions = optionsAt[seam.spec] ?? {}
  return calling(seam, (name, method, args) => {
    const right = (): unknown => Reflect.apply(method, seam, args)
    const at = positions[name]
    if (at === undefined) return right()
    const options: unknown = args[at]
    if (typeof options === 'object' && options !== null && 'signal' in options) return right()
    const asked = [...args.slice(0, at), ...Array<unknown>(Math.max(0, at - args.length))]
    const given = typeof options === 'object' ? options : {}
    const aborted = async (): Promise<unknown> => {
      const answer = Reflect.apply(method, seam, [...asked, { ...given, signal: AbortSignal.abort() }])
      return isIterable(answer) ? answer[Symbol.asyncIterator]().next() : answer
    }
    const refused = refusal(aborted, name)
    const answer = right()
    if (isIterable(answer)) return after(refused, answer)
    return Promise.resolve(answer).then(
      async (value) => {
        expectEqual(await refused, 'ABORTED', `an aborted ${name}`)
        return value
      },
      async (error: unknown) => {
        // What is wrong with the call may be seen before the signal.
        const code = await refused
        if (code !== 'ABORTED' && !(isSeamError(error) && error.code === code)) fail(`an aborted ${name} is ${code}`)
        throw error
      },
    )
  })
}

/** The code that an aborted call ended with, or what it did instead. */
function refusal(aborted: () => Promise<unknown>, name: string): Promise<string> {
  const code = aborted().then(
    (value) => `no error but ${inspect(value)}`,
    (error: unknown) => (isSeamError(error) ? error.code : inspect(error)),
  )
  return within(code, `an aborted ${name}`)
}

async function* after(refused: Promise<string>, values: AsyncIterable<unknown>): AsyncGenerator {
  expectEqual(await refused, 'ABORTED', 'an aborted listing')
  yield* values
}

/** Every trait. `traitsOf` says which apply to a suite. */
export const traits: readonly Trait[] = [
  {
    id: 'detached',
    about: 'each method works without the object that it came from, as when somebody wraps it',
    async run(testCase, subject) {
      const detached = <S extends object>(seam: S): S =>
        calling(seam, (_, method, args): unknown => Reflect.apply(method, undefined, args))
      await testCase.run(changed(subject, detached))
    },
  },
  {
    id: 'reopened',
    about: 'an instance that was opened after another one was stopped is as good',
    skip: (subject) => ('reopen' in subject ? undefined : 'it keeps nothing'),
    async run(testCase, subject) {
      const seam = (await subject.reopen?.()) ?? fail('it can not be opened again')
      await testCase.run({ ...subject, seam })
    },
  },
  {
    id: 'aborted-before',
    about: 'a call that was aborted before it began is ABORTED and changes nothing for any other',
    skip: ({ seam }) => (Object.hasOwn(optionsAt, seam.spec) ? undefined : 'its calls have their own cases'),
    async run(testCase, subject) {
      await testCase.run(changed(subject, abortedBefore))
    },
  },
  {
    id: 'at-once',
    about: 'eight instances in one process at once know nothing of each other',
    skip: (_, { alone }) => (alone === true ? 'it measures the whole process' : undefined),
    async run(testCase, subject, make) {
      const others = await Promise.all(Array.from({ length: 7 }, make))
      try {
        await together([subject, ...others].map((one) => testCase.run(one)))
      } finally {
        await Promise.all(others.map((other) => other.dispose()))
      }
    },
  },
]

/**
 * A suite each of whose cases is one of `suite` under a trait; its ids end with `+` and the trait, as in
 * `signer/abort+detached`. Register it as any suite, with the same `make`. It has no saboteurs: a case is sabotaged without.
 */
export function underTraits<S extends Seam<string>>(
  suite: Suite<S>,
  make: MakeSubject<S>,
  ids: readonly TraitId[] = traits.map(({ id }) => id),
): Suite<S> {
  const cases = traits
    .filter(({ id }) => ids.includes(id))
    .flatMap((trait) =>
      suite.cases.map((testCase): Case<S> => ({
        id: `${testCase.id}+${trait.id}`,
        about: trait.about,
        skip: (seam, subject) => testCase.skip?.(seam, subject) ?? trait.skip?.(subject, testCase),
        run: (subject) => trait.run(testCase, subject, make),
      })),
    )
  return { spec: suite.spec, cases, saboteurs: [] }
}
