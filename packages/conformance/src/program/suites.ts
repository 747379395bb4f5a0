import type { Seam } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { anchorSuite } from '../anchor.ts'
import { authorizerSuite } from '../authorizer.ts'
import { executorSuite } from '../executor.ts'
import { journalSuite } from '../journal.ts'
import { projectionsSuite } from '../projections.ts'
import { runSuite } from '../run-suite.ts'
import type { CaseResult, RunSuiteOptions } from '../run-suite.ts'
import { runtimeSuite } from '../runtime.ts'
import { secretsSuite } from '../secrets.ts'
import { signerSuite } from '../signer.ts'
import { storageSuite } from '../storage.ts'
import type { Subject, Suite } from '../suite.ts'
import { underTraits } from '../traits.ts'
import { workspacesSuite } from '../workspaces.ts'

/** What an implementation says of itself. */
export interface Described {
  readonly kind: string
  readonly name: string
  readonly guarantees: unknown
}

/** A suite that is run on whatever a module gives. */
export interface ChosenSuite {
  readonly spec: string
  readonly ids: readonly string[]
  /** Makes one subject and disposes of it. Errors: `INVALID_INPUT` where it is none of this seam. */
  describe(make: () => unknown): Promise<Described>
  run(
    make: () => unknown,
    only: readonly string[],
    traits: boolean,
    options: RunSuiteOptions,
  ): Promise<readonly CaseResult[]>
}

function isSubject<S extends Seam<string>>(value: unknown, spec: S['spec']): value is Subject<S> {
  if (typeof value !== 'object' || value === null || !('seam' in value) || !('dispose' in value)) return false
  const { seam, dispose } = value
  return (
    typeof dispose === 'function' && typeof seam === 'object' && seam !== null && Reflect.get(seam, 'spec') === spec
  )
}

function chosen<S extends Seam<string>>(suite: Suite<S>): ChosenSuite {
  const maker = (make: () => unknown) => async (): Promise<Subject<S>> => {
    const value = await make()
    if (isSubject<S>(value, suite.spec)) return value
    throw new SeamError('INVALID_INPUT', `What the module makes is no subject of ${suite.spec}.`, {
      remedy: `Have it give { seam, dispose } where seam.spec is '${suite.spec}'.`,
    })
  }
  return {
    spec: suite.spec,
    ids: suite.cases.map(({ id }) => id),
    async describe(make) {
      const { seam, dispose } = await maker(make)().then((subject) => ({
        seam: subject.seam,
        dispose: () => subject.dispose(),
      }))
      const { kind, name, guarantees } = seam
      await dispose()
      return { kind, name, guarantees }
    },
    run(make, only, traits, options) {
      const cases = only.length === 0 ? suite.cases : suite.cases.filter(({ id }) => only.includes(id))
      const part = { ...suite, cases }
      const all = traits ? { ...part, cases: [...cases, ...underTraits(part, maker(make)).cases] } : part
      return runSuite(all, maker(make), options)
    },
  }
}

/** Each suite by the word after `--seam`. */
export const suites: ReadonlyMap<string, ChosenSuite> = new Map(
  Object.entries({
    anchor: chosen(anchorSuite),
    authorizer: chosen(authorizerSuite),
    executor: chosen(executorSuite),
    journal: chosen(journalSuite),
    projections: chosen(projectionsSuite),
    runtime: chosen(runtimeSuite),
    secrets: chosen(secretsSuite),
    signer: chosen(signerSuite),
    storage: chosen(storageSuite),
    workspaces: chosen(workspacesSuite),
  }),
)
