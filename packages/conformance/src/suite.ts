import type { Seam } from '@seamark/core'

/** A fresh instance of the thing under test, alone with its own backing store. */
export interface Subject<S> {
  readonly seam: S
  /**
   * Closes the instance and opens another on the same backing store, as after a restart of the
   * process. Absent where the implementation keeps nothing.
   */
  reopen?(): Promise<S>
  /** Removes everything, also when the case failed. */
  dispose(): Promise<void>
}

/** Makes a subject for one case. */
export type MakeSubject<S> = () => Promise<Subject<S>>

/** One behaviour that every implementation of a seam must show. */
export interface Case<S> {
  /** Stable, such as `executor/launch-is-idempotent`. */
  readonly id: string
  /** One sentence: what must hold. */
  readonly about: string
  /** It measures the whole process: nothing may run beside it. */
  readonly alone?: true
  /** Why this case does not apply, decided only by what the implementation declares and what its subject can do. */
  skip?(seam: S, subject: Subject<S>): string | undefined
  /** Throws, with the difference in the message, where the behaviour is not shown. */
  run(subject: Subject<S>): Promise<void>
}

/** A broken implementation, made by wrapping a right one, that a case must reject. */
export interface Saboteur<S> {
  /** What is wrong with it. */
  readonly about: string
  /** The cases that must fail on it, by id. */
  readonly rejectedBy: readonly string[]
  break(make: MakeSubject<S>): MakeSubject<S>
}

export interface Suite<S extends Seam<string>> {
  /** The `spec` that it tests. */
  readonly spec: S['spec']
  readonly cases: readonly Case<S>[]
  readonly saboteurs: readonly Saboteur<S>[]
}

/** The two functions of a test runner that a suite needs; vitest, jest, mocha and node:test have them. */
export interface TestRunner {
  describe(name: string, body: () => void): void
  it(name: string, body: (context?: { skip?(reason?: string): void }) => Promise<void>): void
}

/** Registers every case of a suite with a test runner. */
export function registerSuite<S extends Seam<string>>(suite: Suite<S>, make: MakeSubject<S>, runner: TestRunner): void {
  runner.describe(`conformance ${suite.spec}`, () => {
    for (const testCase of suite.cases) {
      runner.it(`${testCase.id}: ${testCase.about}`, async (context) => {
        const subject = await make()
        try {
          const reason = testCase.skip?.(subject.seam, subject)
          if (reason === undefined) await testCase.run(subject)
          else context?.skip?.(reason)
        } finally {
          await subject.dispose()
        }
      })
    }
  })
}

/**
 * Registers, for each saboteur, that every case it names rejects it, and that no case is without a saboteur. Where a case
 * does not apply, nor does its saboteur.
 */
export function registerSaboteurs<S extends Seam<string>>(
  suite: Suite<S>,
  make: MakeSubject<S>,
  runner: TestRunner,
): void {
  runner.describe(`saboteurs ${suite.spec}`, () => {
    runner.it('every case has a saboteur', async () => {
      const covered = new Set(suite.saboteurs.flatMap((saboteur) => saboteur.rejectedBy))
      const bare = suite.cases.filter((testCase) => !covered.has(testCase.id)).map((testCase) => testCase.id)
      if (bare.length > 0) throw new Error(`cases without a saboteur: ${bare.join(', ')}`)
    })
    for (const saboteur of suite.saboteurs) {
      for (const id of saboteur.rejectedBy) {
        runner.it(`${id} rejects: ${saboteur.about}`, async (context) => {
          const testCase = suite.cases.find((candidate) => candidate.id === id)
          if (testCase === undefined) throw new Error(`no such case: ${id}`)
          const subject = await saboteur.break(make)()
          try {
            const reason = testCase.skip?.(subject.seam, subject)
            if (reason !== undefined) {
              context?.skip?.(reason)
              return
            }
            const rejected = await testCase.run(subject).then(
              () => false,
              () => true,
            )
            if (!rejected) throw new Error(`${id} accepted a broken implementation: ${saboteur.about}`)
          } finally {
            await subject.dispose()
          }
        })
      }
    }
  })
}
