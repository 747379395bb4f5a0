import { describe, expect, it } from 'vitest'
import { registerSaboteurs, registerSuite } from '../src/index.ts'
import type { Case, Saboteur, Subject } from '../src/index.ts'
import { anchorSuite } from '../src/anchor.ts'
import { authorizerSuite } from '../src/authorizer.ts'
import { runtimeSuite } from '../src/runtime.ts'
import { secretsSuite } from '../src/secrets.ts'
import { signerSuite } from '../src/signer.ts'
import { storageSuite } from '../src/storage.ts'
import { workspacesSuite } from '../src/workspaces.ts'

interface Ids {
  readonly cases: readonly { readonly id: string; readonly about: string }[]
  readonly saboteurs: readonly { readonly about: string; readonly rejectedBy: readonly string[] }[]
}

describe.each<[string, Ids]>([
  ['storage', storageSuite],
  ['runtime', runtimeSuite],
  ['secrets', secretsSuite],
  ['signer', signerSuite],
  ['anchor', anchorSuite],
  ['authorizer', authorizerSuite],
  ['workspaces', workspacesSuite],
])('the %s suite', (name, suite) => {
  it('has unique ids that begin with the seam', () => {
    const ids = suite.cases.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(new RegExp(`^${name}/[a-z][a-z-]+$`))
  })

  it('has a saboteur for every case, and none for a case that is not there', () => {
    const rejecting = new Set(suite.saboteurs.flatMap(({ rejectedBy }) => rejectedBy))
    expect([...rejecting].sort()).toEqual(suite.cases.map(({ id }) => id).sort())
    const about = suite.saboteurs.map((saboteur) => saboteur.about)
    expect(new Set(about).size).toBe(about.length)
  })

  it('keeps its ids', async () => {
    await expect(suite.cases.map(({ id }) => id).join('\n') + '\n').toMatchFileSnapshot(`${name}-ids.txt`)
  })
})

/** Runs what a suite registers, with a runner of our own. */
async function run(
  register: (runner: {
    describe(name: string, body: () => void): void
    it(name: string, body: (context?: { skip?(reason?: string): void }) => Promise<void>): void
  }) => void,
) {
  const bodies: [string, (context?: { skip?(reason?: string): void }) => Promise<void>][] = []
  register({ describe: (_, body) => body(), it: (name, body) => void bodies.push([name, body]) })
  const outcomes: string[] = []
  for (const [name, body] of bodies) {
    let outcome = 'passed'
    await body({ skip: (reason) => (outcome = `skipped: ${reason}`) }).catch((error: unknown) => {
      outcome = `failed: ${String(error)}`
    })
    outcomes.push(`${name} ${outcome}`)
  }
  return outcomes
}

describe('registering', () => {
  interface Counter {
    readonly spec: 'counter/v1'
    readonly kind: string
    readonly name: string
    readonly guarantees: object
    next(): number
  }
  const counter = (): Counter => {
    let count = 0
    return { spec: 'counter/v1', kind: 'memory', name: 'counter', guarantees: {}, next: () => ++count }
  }
  let disposed = 0
  const make = async (): Promise<Subject<Counter>> => ({ seam: counter(), dispose: async () => void disposed++ })
  const grows: Case<Counter> = {
    id: 'counter/grows',
    about: 'it grows',
    async run({ seam }) {
      if (seam.next() >= seam.next()) throw new Error('it does not grow')
    },
  }
  const skipped: Case<Counter> = { ...grows, id: 'counter/skipped', skip: () => 'not declared' }
  const frozen: Saboteur<Counter> = {
    about: 'it stands still',
    rejectedBy: ['counter/grows', 'counter/skipped'],
    break: (right) => async () => ({ ...(await right()), seam: { ...counter(), next: () => 1 } }),
  }
  const harmless: Saboteur<Counter> = { about: 'it is right', rejectedBy: ['counter/grows'], break: (right) => right }
  const suite = { spec: 'counter/v1' as const, cases: [grows, skipped], saboteurs: [frozen] }

  it('runs each case on a fresh subject, skips by declaration, and disposes of every subject', async () => {
    disposed = 0
    const outcomes = await run((runner) => registerSuite(suite, make, runner))
    expect(outcomes).toEqual(['counter/grows: it grows passed', 'counter/skipped: it grows skipped: not declared'])
    expect(disposed).toBe(2)
  })

  it('a broken implementation fails, and is disposed of', async () => {
    disposed = 0
    const outcomes = await run((runner) => registerSuite(suite, frozen.break(make), runner))
    expect(outcomes[0]).toContain('failed')
    expect(disposed).toBe(2)
  })

  it('a saboteur that a case lets pass fails, and so does a case without one', async () => {
    const outcomes = await run((runner) => registerSaboteurs({ ...suite, saboteurs: [harmless] }, make, runner))
    expect(outcomes[0]).toMatch(/failed: .*counter\/skipped/)
    expect(outcomes[1]).toMatch(/failed/)
    const right = await run((runner) => registerSaboteurs(suite, make, runner))
    expect(right[1]).toMatch(/passed$/)
    // Its case does not apply.
    expect(right[2]).toMatch(/skipped: not declared$/)
  })

  it('a saboteur of a case that is not there fails', async () => {
    const stray = { ...frozen, rejectedBy: ['counter/none'] }
    const outcomes = await run((runner) => registerSaboteurs({ ...suite, saboteurs: [frozen, stray] }, make, runner))
    expect(outcomes.at(-1)).toMatch(/failed: .*counter\/none/)
  })
})
